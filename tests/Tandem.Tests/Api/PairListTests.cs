using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Models;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>What the Models page and scripts see of models and pairs.</summary>
public sealed class PairListTests
{
    [Fact]
    public async Task Drafts_are_listed_with_verdict_rank_and_reasons()
    {
        await using var host = await StartAsync();
        var list = await ReadyAsync(host, "main");
        Assert.Equal("test/main", list.GetProperty("main").GetString());
        var drafts = list.GetProperty("drafts").EnumerateArray().ToList();
        Assert.Equal(["test/draft", "test/stranger"], drafts.Select(draft => draft.GetProperty("key").GetString()));
        Assert.Equal(("exact", 1), (drafts[0].GetProperty("verdict").GetString(), drafts[0].GetProperty("rank").GetInt32()));
        Assert.Equal(("refused", JsonValueKind.Null), (drafts[1].GetProperty("verdict").GetString(), drafts[1].GetProperty("rank").ValueKind));
        Assert.Equal("text", Assert.Single(drafts[1].GetProperty("reasons").EnumerateArray()).GetProperty("check").GetString());
        Assert.False(drafts[1].GetProperty("recommended").GetBoolean());
    }

    [Fact]
    public async Task A_main_model_has_to_be_named_and_known()
    {
        await using var host = await StartAsync();
        await ReadyAsync(host, "main");
        var (status, body) = await host.GetAsync("/api/tandem/pairs");
        Assert.Equal((HttpStatusCode.BadRequest, "main"), (status, body.GetProperty("error").GetProperty("param").GetString()));
        (status, body) = await host.GetAsync("/api/tandem/pairs?main=nobody");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (status, body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_refresh_answers_at_once_and_ends_ready()
    {
        await using var host = await StartAsync();
        await ReadyAsync(host, "main");
        var (status, job) = await host.PostAsync("/api/tandem/pairs/refresh", "{}");
        Assert.Equal((HttpStatusCode.Accepted, "pairs.refresh"), (status, job.GetProperty("kind").GetString()));
        Assert.Equal(2, (await ReadyAsync(host, "main")).GetProperty("drafts").GetArrayLength());
    }

    [Fact]
    public async Task Models_are_listed_with_what_headers_say_and_broken_ones_with_the_reason()
    {
        await using var host = await StartAsync();
        await ReadyAsync(host, "main");
        var odd = Directory.CreateDirectory(Path.Combine(host.Options.HomeFolder, "models", "test", "odd")).FullName;
        await File.WriteAllTextAsync(Path.Combine(odd, "odd" + ScriptFile.Extension), """{"parameter_count": "many"}""", TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => host.Host.Services.GetRequiredService<ModelCatalogue>().Snapshot.Models.Any(model => model.Key == "test/odd"));
        await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: """, "draft_model": "draft" """));
        var (status, list) = await host.GetAsync("/api/tandem/models");
        Assert.Equal((HttpStatusCode.OK, "ready"), (status, list.GetProperty("state").GetString()));
        var models = list.GetProperty("models").EnumerateArray().ToDictionary(model => model.GetProperty("key").GetString()!);
        Assert.Equal("parameter_count", models["test/odd"].GetProperty("problem_field").GetString());
        Assert.Contains("parameter_count", models["test/odd"].GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, models["test/odd"].GetProperty("description").ValueKind);
        Assert.Equal(("llm", 10), (models["test/draft"].GetProperty("description").GetProperty("kind").GetString(),
            models["test/draft"].GetProperty("description").GetProperty("parameters").GetInt32()));
        var instance = Assert.Single(models["test/main"].GetProperty("instances").EnumerateArray());
        Assert.Equal(("test/main", "test/draft"), (instance.GetProperty("id").GetString(), instance.GetProperty("draft_model").GetString()));
    }

    private static Task<HostUnderTest> StartAsync() => HostUnderTest.StartAsync(
        ("main", FakeScripts.TwelveTenZeroTwo()),
        ("draft", new FakeScript { ParameterCount = 10 }),
        ("stranger", new FakeScript { ParameterCount = 10, Tokenizer = new() { Fingerprint = "strange" } }));

    private static async Task<JsonElement> ReadyAsync(HostUnderTest host, string main)
    {
        JsonElement list = default;
        await Until.TrueAsync(async () =>
        {
            (var status, list) = await host.GetAsync($"/api/tandem/pairs?main={main}");
            return status == HttpStatusCode.OK && list.GetProperty("state").GetString() == "ready";
        });
        return list;
    }
}
