using System.Net.Http.Json;
using System.Text.Json;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Clients;

/// <summary>Section 4 of the outside contract with both real engines: on every endpoint that generates, whole and streamed, plain and with a draft.</summary>
[Trait("Tier", "Functional")]
public sealed class StatsTableTests(ServedModels served, ITestOutputHelper output) : IClassFixture<ServedModels>
{
    private const string Fox = "Tell me a story about a fox.";
    private static readonly string[] PlainFields = ["tokens_per_second", "time_to_first_token", "generation_time", "stop_reason"];

    private static readonly string[] DraftFields =
    [
        .. PlainFields, "draft_model", "total_draft_tokens_count", "accepted_draft_tokens_count", "rejected_draft_tokens_count", "ignored_draft_tokens_count",
    ];

    public static TheoryData<string, string, bool, bool> Table
    {
        get
        {
            var rows = new TheoryData<string, string, bool, bool>();
            foreach (var model in (string[])[ServedModels.Storyteller, ServedModels.StorytellerMlx])
            {
                foreach (var path in (string[])[HostUnderTest.Chat, HostUnderTest.NativeChat, HostUnderTest.Completions, HostUnderTest.NativeCompletions])
                {
                    foreach (var stream in (bool[])[false, true])
                    {
                        rows.Add(model, path, stream, false);
                        rows.Add(model, path, stream, true);
                    }
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Figures_draft_fields_and_origin_are_there_and_add_up(string model, string path, bool stream, bool drafts)
    {
        served.Require(model);
        var draft = drafts ? model == ServedModels.Storyteller ? "tandem/storyteller-draft" : "tandem/storyteller-draft-mlx" : "off";
        var parts = await AskAsync(model, path, stream, draft);
        var text = string.Concat(parts.Select(TextOf));
        var runs = parts.SelectMany(OriginOf).ToList();
        var stats = parts[^1].GetProperty("stats");
        output.WriteLine($"{text.Length} characters, {runs.Count} runs, {stats.GetRawText()}");

        Assert.Equal(drafts ? DraftFields : PlainFields, stats.EnumerateObject().Select(field => field.Name));
        Assert.Equal("maxPredictedTokensReached", stats.GetProperty("stop_reason").GetString());
        Assert.Equal(60 / stats.GetProperty("generation_time").GetDouble(), stats.GetProperty("tokens_per_second").GetDouble(), 1e-9);
        Assert.InRange(stats.GetProperty("time_to_first_token").GetDouble(), 1e-6, 60);
        Assert.Equal(path.StartsWith("/api/v0", StringComparison.Ordinal), parts[^1].TryGetProperty("model_info", out _) && parts[^1].TryGetProperty("runtime", out _));
        Assert.Equal(text.Length, runs.Sum(run => run.Chars));
        Assert.Equal(60, runs.Sum(run => run.Tokens));
        Assert.Equal(drafts ? ["draft", "main"] : ["main"], runs.Select(run => run.From).Distinct().Order());
        if (!drafts)
            return;
        Assert.Equal(draft, stats.GetProperty("draft_model").GetString());
        Assert.Equal(Count(stats, "total"), Count(stats, "accepted") + Count(stats, "rejected") + Count(stats, "ignored"));
        Assert.Equal(Count(stats, "accepted"), runs.Where(run => run.From == "draft").Sum(run => run.Tokens));
    }

    /// <summary>The answer, or the chunks of its stream.</summary>
    private async Task<List<JsonElement>> AskAsync(string model, string path, bool stream, string draft)
    {
        var request = new Dictionary<string, object>
        {
            ["model"] = model,
            ["draft_model"] = draft,
            ["temperature"] = 0,
            ["max_tokens"] = 60,
            ["stream"] = stream,
            ["stream_options"] = new { include_draft_origin = true },
        };
        if (path.EndsWith("chat/completions", StringComparison.Ordinal))
            request["messages"] = new[] { new { role = "user", content = Fox } };
        else
            request["prompt"] = $"<|im_start|>user\n{Fox}<|im_end|>\n<|im_start|>assistant\n";
        using var client = new HttpClient();
        using var response = await client.PostAsJsonAsync(new Uri(served.Url + path), request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, body);
        if (!stream)
            return [JsonElement.Parse(body)];
        var events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).ToList();
        Assert.Equal("data: [DONE]", events[^1]);
        return events[..^1].ConvertAll(line => JsonElement.Parse(line["data: ".Length..]));
    }

    private static JsonElement Holder(JsonElement part)
    {
        var choice = part.GetProperty("choices")[0];
        return choice.TryGetProperty("message", out var message) ? message : choice.TryGetProperty("delta", out var delta) ? delta : choice;
    }

    private static string TextOf(JsonElement part) =>
        Holder(part) is var holder && (holder.TryGetProperty("content", out var text) || holder.TryGetProperty("text", out text)) ? text.GetString()! : "";

    private static IEnumerable<(int Chars, int Tokens, string From)> OriginOf(JsonElement part) => Holder(part).TryGetProperty("origin", out var origin)
        ? origin.EnumerateArray().Select(run => (run.GetProperty("chars").GetInt32(), run.GetProperty("tokens").GetInt32(), run.GetProperty("from").GetString()!))
        : [];

    private static int Count(JsonElement stats, string kind) => stats.GetProperty($"{kind}_draft_tokens_count").GetInt32();
}
