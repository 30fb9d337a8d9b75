using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Per-model defaults: set once, used by every request that says nothing else.</summary>
public sealed class DefaultsTests
{
    private const string Path = "/api/tandem/models/test%2Fmain/defaults";

    [Fact]
    public async Task A_default_draft_drafts_in_requests_that_name_none_and_can_be_taken_back()
    {
        await using var host = await StartAsync();
        Assert.False((await StatsAsync(host)).TryGetProperty("draft_model", out _));

        var (status, body) = await PutAsync(host, """{"draft_model": "draft"}""");
        Assert.Equal((HttpStatusCode.OK, "draft"), (status, body.GetProperty("draft_model").GetString()));
        Assert.Equal("test/draft", (await StatsAsync(host)).GetProperty("draft_model").GetString());
        Assert.False((await StatsAsync(host, """, "draft_model": "off" """)).TryGetProperty("draft_model", out _));

        await PutAsync(host, """{"draft_model": null}""");
        Assert.False((await StatsAsync(host)).TryGetProperty("draft_model", out _));
    }

    [Fact]
    public async Task A_changed_default_draft_is_swapped_in_a_loaded_model_without_a_request()
    {
        await using var host = await StartAsync();
        await StatsAsync(host);
        Assert.Null(Assert.Single(host.Server.Workers).DraftKey);

        await PutAsync(host, """{"draft_model": "draft"}""");
        await Until.TrueAsync(() => host.Server.Workers.Single().DraftKey == "test/draft");
        await PutAsync(host, """{"draft_model": "off"}""");
        await Until.TrueAsync(() => host.Server.Workers.Single().DraftKey is null);
    }

    [Fact]
    public async Task Auto_as_default_is_the_best_of_the_index()
    {
        await using var host = await StartAsync();
        await PutAsync(host, """{"draft_model": "auto"}""");
        await host.IndexedAsync();
        Assert.Equal("test/draft", (await StatsAsync(host)).GetProperty("draft_model").GetString());
    }

    [Fact]
    public async Task A_change_leaves_what_it_does_not_name()
    {
        await using var host = await StartAsync();
        await PutAsync(host, """{"sampling": {"temperature": 0.7, "top_k": 20}, "load": {"context_length": 2048, "flash_attention": "on", "draft": {"gpu_layers": -1}}}""");
        var (_, body) = await PutAsync(host, """{"sampling": {"top_k": null, "min_p": 0.1}, "speculation": {"length": "auto", "proposer": "ngram"}}""");
        const string expected = """
            {"load":{"context_length":2048,"flash_attention":"on","draft":{"gpu_layers":-1}},"sampling":{"temperature":0.7,"min_p":0.1},"speculation":{"proposer":"ngram","length":"auto"}}
            """;
        Assert.Equal(expected.Trim(), body.GetRawText());
        Assert.Equal(expected.Trim(), (await host.GetAsync("/api/tandem/models/TEST/Main/defaults")).Body.GetRawText());
    }

    [Theory]
    [InlineData("""{"nonsense": 1}""", "nonsense")]
    [InlineData("""{"draft_model": 7}""", "draft_model")]
    [InlineData("""{"sampling": 3}""", "sampling")]
    [InlineData("""{"sampling": {"temperature": 9}}""", "sampling.temperature")]
    [InlineData("""{"sampling": {"temperature": "hot"}}""", "sampling.temperature")]
    [InlineData("""{"sampling": {"heat": 1}}""", "sampling.heat")]
    [InlineData("""{"load": {"context_length": 0}}""", "load.context_length")]
    [InlineData("""{"load": {"context_length": 2.5}}""", "load.context_length")]
    [InlineData("""{"load": {"flash_attention": true}}""", "load.flash_attention")]
    [InlineData("""{"load": {"devices": "gpu0"}}""", "load.devices")]
    [InlineData("""{"load": {"draft": {"threads": 100000}}}""", "load.draft.threads")]
    [InlineData("""{"speculation": {"length": 33}}""", "speculation.length")]
    [InlineData("""{"speculation": {"draft_revision": 1}}""", "speculation.draft_revision")]
    public async Task What_is_wrong_is_refused_by_name_and_nothing_is_changed(string change, string field)
    {
        await using var host = await StartAsync();
        var (status, body) = await PutAsync(host, change);
        Assert.Equal((HttpStatusCode.BadRequest, field), (status, body.GetProperty("error").GetProperty("param").GetString()));
        Assert.Equal("{}", (await host.GetAsync(Path)).Body.GetRawText());
    }

    [Fact]
    public async Task A_draft_that_does_not_fit_or_is_not_there_is_refused_as_in_a_request()
    {
        await using var host = await StartAsync();
        // What would fit is named once it is known.
        await host.IndexedAsync();
        var (status, body) = await PutAsync(host, """{"draft_model": "stranger"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "draft_vocab_mismatch"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("test/draft", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        (status, body) = await PutAsync(host, """{"draft_model": "nobody"}""");
        Assert.Equal((HttpStatusCode.NotFound, "draft_model"), (status, body.GetProperty("error").GetProperty("param").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/api/tandem/models/test/nobody/defaults")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/api/tandem/models/test/main")).Status);
    }

    [Fact]
    public async Task Defaults_and_what_they_do_survive_a_restart()
    {
        await using var host = await StartAsync();
        await PutAsync(host, """{"draft_model": "test/draft", "sampling": {"temperature": 0.25}}""");
        await host.RestartAsync();
        Assert.Equal("""{"draft_model":"test/draft","sampling":{"temperature":0.25}}""", (await host.GetAsync(Path)).Body.GetRawText());
        Assert.Equal("test/draft", (await StatsAsync(host)).GetProperty("draft_model").GetString());
    }

    private static Task<HostUnderTest> StartAsync() => HostUnderTest.StartAsync(
        ("main", FakeScripts.TwelveTenZeroTwo()),
        ("draft", new FakeScript { ParameterCount = 10 }),
        ("stranger", new FakeScript { ParameterCount = 10, Tokenizer = new() { Fingerprint = "strange" } }));

    private static Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(HostUnderTest host, string body) => host.PutAsync(Path, body);

    private static async Task<JsonElement> StatsAsync(HostUnderTest host, string further = "")
    {
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: further));
        Assert.True(status == HttpStatusCode.OK, body.GetRawText());
        return body.GetProperty("stats");
    }
}
