using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Which draft a request gets.</summary>
public sealed class DraftModelTests
{
    [Theory]
    [InlineData("draft")]
    [InlineData("TEST/draft")]
    [InlineData("auto")]
    public async Task A_named_or_the_best_draft_is_used(string draft)
    {
        await using var host = await StartAsync(("draft", new FakeScript { ParameterCount = 10 }));
        await host.IndexedAsync();
        var stats = await StatsAsync(host, $$""", "draft_model": "{{draft}}" """);
        Assert.Equal("test/draft", stats.GetProperty("draft_model").GetString());
        Assert.False(stats.TryGetProperty("speculation_note", out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("off")]
    public async Task A_request_can_do_without(string draft)
    {
        await using var host = await StartAsync(("draft", new FakeScript { ParameterCount = 10 }));
        await StatsAsync(host, """, "draft_model": "draft" """);

        var stats = await StatsAsync(host, $$""", "draft_model": "{{draft}}" """);

        Assert.False(stats.TryGetProperty("draft_model", out _));
        Assert.False(stats.TryGetProperty("speculation_note", out _));
    }

    [Fact]
    public async Task Where_no_draft_fits_auto_is_plain_and_says_why()
    {
        await using var host = await StartAsync(("stranger", new FakeScript { ParameterCount = 10, Tokenizer = new() { Fingerprint = "strange" } }));
        await host.IndexedAsync();
        var stats = await StatsAsync(host, """, "draft_model": "auto" """);
        Assert.False(stats.TryGetProperty("draft_model", out _));
        Assert.Contains("test/main", stats.GetProperty("speculation_note").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task N_grams_need_no_draft_and_are_named()
    {
        await using var host = await StartAsync();
        var stats = await StatsAsync(host, """, "speculation": {"proposer": "ngram", "length": 3}""");
        Assert.Equal("ngram", stats.GetProperty("draft_model").GetString());
    }

    [Fact]
    public async Task A_draft_that_cannot_be_loaded_leaves_a_plain_answer_with_a_note()
    {
        await using var host = await StartAsync(("draft", new FakeScript { ParameterCount = 10 }));
        await host.GetAsync("/v1/models");
        File.Delete(Path.Combine(host.Options.HomeFolder, "models", "test", "draft", "draft" + ScriptFile.Extension));
        var stats = await StatsAsync(host, """, "draft_model": "draft" """);
        Assert.False(stats.TryGetProperty("draft_model", out _));
        Assert.NotEqual("", stats.GetProperty("speculation_note").GetString());
    }

    private static Task<HostUnderTest> StartAsync(params (string Name, FakeScript Script)[] more) =>
        HostUnderTest.StartAsync([("main", FakeScripts.TwelveTenZeroTwo()), .. more]);

    private static async Task<JsonElement> StatsAsync(HostUnderTest host, string further)
    {
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: further));
        Assert.True(status == HttpStatusCode.OK, body.GetRawText());
        return body.GetProperty("stats");
    }
}
