using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Section 4 of the outside contract, on every generating endpoint, whole and streamed.</summary>
public sealed class ChatStatsTests
{
    private const string WithDraft = """, "draft_model": "test/draft" """;

    public static TheoryData<string, bool> Endpoints => new()
    {
        { HostUnderTest.Chat, false }, { HostUnderTest.Chat, true }, { HostUnderTest.NativeChat, false }, { HostUnderTest.NativeChat, true },
        { HostUnderTest.Completions, false }, { HostUnderTest.Completions, true },
        { HostUnderTest.NativeCompletions, false }, { HostUnderTest.NativeCompletions, true },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Counts_of_the_worker_come_through_unchanged(string path, bool stream)
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()), ("draft", new FakeScript { ParameterCount = 10 }));
        var (text, stats, origin) = await AskAsync(host, path, stream, WithDraft);

        Assert.Equal(FakeScripts.TwelveWords, text);
        Assert.Equal("draft 18, main 5, draft 21, main 4, draft 14", origin);
        Assert.Equal("test/draft", stats.GetProperty("draft_model").GetString());
        Assert.Equal(
            (12, 10, 0, 2),
            (Count(stats, "total"), Count(stats, "accepted"), Count(stats, "rejected"), Count(stats, "ignored")));
        Assert.Equal(1.382, stats.GetProperty("generation_time").GetDouble());
        Assert.Equal(12 / 1.382, stats.GetProperty("tokens_per_second").GetDouble());
        Assert.Equal("eosFound", stats.GetProperty("stop_reason").GetString());
        Assert.InRange(stats.GetProperty("time_to_first_token").GetDouble(), 0.0001, FakeHome.Bound.TotalSeconds);
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Without_a_proposer_the_draft_fields_are_absent(string path, bool stream)
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()));
        var (text, stats, origin) = await AskAsync(host, path, stream, "");

        Assert.Equal(FakeScripts.TwelveWords, text);
        Assert.Equal("main 62", origin);
        Assert.Equal(
            ["tokens_per_second", "time_to_first_token", "generation_time", "stop_reason"],
            stats.EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task The_native_endpoint_tells_model_and_runtime_and_the_other_does_not()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()));

        var (_, native) = await host.PostAsync(HostUnderTest.NativeChat, HostUnderTest.Ask("main"));
        Assert.Equal("""{"arch":"fake","quant":"F32","format":"fake","context_length":4096}""", native.GetProperty("model_info").GetRawText());
        Assert.StartsWith("fake-", native.GetProperty("runtime").GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.Equal("1.0.0", native.GetProperty("runtime").GetProperty("version").GetString());

        var (_, plain) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
        Assert.False(plain.TryGetProperty("model_info", out _) || plain.TryGetProperty("runtime", out _));
    }

    [Fact]
    public async Task A_whole_answer_has_the_shape_that_clients_know()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.Saying(FakeToken.FromMain("Hello"))));
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("MAIN"));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("chatcmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        Assert.Equal("test/main", body.GetProperty("model").GetString());
        var choice = Assert.Single(body.GetProperty("choices").EnumerateArray());
        Assert.Equal(
            """{"index":0,"message":{"role":"assistant","content":"Hello"},"logprobs":null,"finish_reason":"stop"}""", choice.GetRawText());
        var usage = body.GetProperty("usage");
        Assert.Equal(1, usage.GetProperty("completion_tokens").GetInt32());
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt32() + 1, usage.GetProperty("total_tokens").GetInt32());
    }

    [Theory]
    [InlineData(""", "max_tokens": 3""", "maxPredictedTokensReached", "length")]
    [InlineData(""", "max_completion_tokens": 3, "max_tokens": 5""", "maxPredictedTokensReached", "length")]
    [InlineData(""", "max_tokens": -1, "stop": [" seven"]""", "stopStringFound", "stop")]
    [InlineData(""", "stop": " seven" """, "stopStringFound", "stop")]
    [InlineData("", "eosFound", "stop")]
    public async Task The_end_of_an_answer_is_named(string further, string stopReason, string finishReason)
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()));
        var (_, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: further));
        Assert.Equal(stopReason, body.GetProperty("stats").GetProperty("stop_reason").GetString());
        Assert.Equal(finishReason, body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    /// <summary>The answer, its figures and where its characters come from, runs of one origin joined.</summary>
    private static async Task<(string Text, JsonElement Stats, string Origin)> AskAsync(HostUnderTest host, string path, bool stream, string further)
    {
        further += """, "stream_options": {"include_draft_origin": true}""";
        var body = path.EndsWith("chat/completions", StringComparison.Ordinal) ? HostUnderTest.Ask("main", further: further) : HostUnderTest.Continue("main", further: further);
        List<JsonElement> chunks;
        if (stream)
        {
            var events = await host.StreamAsync(path, body[..^1] + ", \"stream\": true}");
            Assert.Equal("[DONE]", events[^1]);
            chunks = events[..^1].ConvertAll(HostUnderTest.Parse);
        }
        else
        {
            var (status, answer) = await host.PostAsync(path, body);
            Assert.True(status == HttpStatusCode.OK, answer.GetRawText());
            chunks = [answer];
        }

        var parts = chunks.Select(chunk => PartOf(chunk.GetProperty("choices")[0])).ToList();
        return (string.Concat(parts.Select(part => part.Text)), chunks[^1].GetProperty("stats"), Join(parts.SelectMany(part => part.Origin)));
    }

    private static (string Text, IEnumerable<(int Chars, string From)> Origin) PartOf(JsonElement choice)
    {
        var holder = choice.TryGetProperty("message", out var message) ? message : choice.TryGetProperty("delta", out var delta) ? delta : choice;
        var text = holder.TryGetProperty("content", out var content) || holder.TryGetProperty("text", out content) ? content.GetString()! : "";
        return (text, holder.TryGetProperty("origin", out var origin)
            ? origin.EnumerateArray().Select(run => (run.GetProperty("chars").GetInt32(), run.GetProperty("from").GetString()!))
            : []);
    }

    private static string Join(IEnumerable<(int Chars, string From)> runs)
    {
        var joined = new List<(int Chars, string From)>();
        foreach (var run in runs)
        {
            if (joined is [.., var last] && last.From == run.From)
                joined[^1] = (last.Chars + run.Chars, run.From);
            else
                joined.Add(run);
        }

        return string.Join(", ", joined.Select(run => $"{run.From} {run.Chars}"));
    }

    private static int Count(JsonElement stats, string kind) => stats.GetProperty($"{kind}_draft_tokens_count").GetInt32();
}
