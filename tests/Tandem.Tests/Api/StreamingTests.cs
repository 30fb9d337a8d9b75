using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Host.Workers;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

public sealed class StreamingTests
{
    private const string Stream = """, "stream": true""";

    [Fact]
    public async Task The_first_delta_has_the_role_and_the_last_chunk_the_reason_and_the_figures()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.Saying(FakeToken.FromMain("a"), FakeToken.FromMain("b"))));
        var chunks = await ChunksAsync(host, Stream);

        Assert.Equal("""{"role":"assistant","content":"a"}""", DeltaOf(chunks[0]).GetRawText());
        Assert.All(chunks.Skip(1), chunk => Assert.False(DeltaOf(chunk).TryGetProperty("role", out _)));
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.Equal("stop", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.True(chunks[^1].TryGetProperty("stats", out _));
        Assert.False(chunks[^1].TryGetProperty("usage", out _));
    }

    [Fact]
    public async Task An_empty_answer_still_has_a_role()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.Saying()));
        var chunks = await ChunksAsync(host, Stream);
        Assert.Equal("""{"role":"assistant","content":""}""", DeltaOf(chunks[0]).GetRawText());
        Assert.Equal(2, chunks.Count);
    }

    [Fact]
    public async Task Usage_comes_in_a_chunk_of_its_own_when_asked_for_with_the_figures_again()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.Saying(FakeToken.FromMain("a"))));
        var chunks = await ChunksAsync(host, Stream + """, "stream_options": {"include_usage": true}""");

        Assert.Empty(chunks[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(1, chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(chunks[^2].GetProperty("stats").GetRawText(), chunks[^1].GetProperty("stats").GetRawText());
        Assert.Equal("stop", chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_character_spread_over_tokens_and_steps_arrives_whole()
    {
        // €, 🙂, and a character that never ends.
        var script = FakeScripts.Saying(
            FakeScripts.Bytes("e282"), FakeScripts.Bytes("ac"), FakeScripts.Bytes("f0"), FakeScripts.Bytes("9f99"), FakeScripts.Bytes("8221"),
            FakeScripts.Bytes("ff41"), FakeScripts.Bytes("e2"));
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var chunks = await ChunksAsync(host, Stream);

        Assert.Equal(["€", "🙂!", "\ufffdA", "\ufffd"], chunks.Select(ContentOf).Where(text => text.Length > 0));
    }

    [Fact]
    public async Task Deltas_say_on_request_which_of_their_characters_were_drafted()
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()), ("draft", new FakeScript { ParameterCount = 10 }));
        const string Ask = """, "draft_model": "draft", "stream_options": {"include_draft_origin": true}""";
        var chunks = await ChunksAsync(host, Stream + Ask);

        Assert.Equal("""[{"chars":18,"from":"draft","tokens":4},{"chars":5,"from":"main","tokens":1}]""", DeltaOf(chunks[0]).GetProperty("origin").GetRawText());
        var spans = chunks.Where(chunk => DeltaOf(chunk).TryGetProperty("origin", out _)).SelectMany(chunk => DeltaOf(chunk).GetProperty("origin").EnumerateArray());
        Assert.Equal(FakeScripts.TwelveWords.Length, spans.Sum(span => span.GetProperty("chars").GetInt32()));

        var (_, whole) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Ask));
        Assert.Equal(
            [(18, "draft"), (5, "main"), (21, "draft"), (4, "main"), (14, "draft")],
            whole.GetProperty("choices")[0].GetProperty("message").GetProperty("origin").EnumerateArray()
                .Select(span => (span.GetProperty("chars").GetInt32(), span.GetProperty("from").GetString()!)));
        // The drafted tokens of the whole answer are the accepted ones.
        Assert.Equal(
            whole.GetProperty("stats").GetProperty("accepted_draft_tokens_count").GetInt32(),
            whole.GetProperty("choices")[0].GetProperty("message").GetProperty("origin").EnumerateArray()
                .Where(span => span.GetProperty("from").GetString() == "draft").Sum(span => span.GetProperty("tokens").GetInt32()));
    }

    [Fact]
    public async Task What_fails_before_the_first_token_is_an_ordinary_error()
    {
        await using var host = await HostUnderTest.StartAsync(("main", Failing(afterTokens: 0)));
        var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream));
        Assert.True((int)status >= 500);
        Assert.Equal("engine_on_strike", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_fails_inside_the_stream_is_its_last_event()
    {
        await using var host = await HostUnderTest.StartAsync(("main", Failing(afterTokens: 2)));
        var events = await host.StreamAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream));

        Assert.Equal("one two", TextOf(events[..^1].ConvertAll(HostUnderTest.Parse)));
        Assert.Equal("engine_on_strike", HostUnderTest.Parse(events[^1]).GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused_and_running_answers_go_on()
    {
        var script = FakeScripts.Endless();
        script.ContextLength = 512;
        await using var host = await HostUnderTest.StartAsync(("main", script));
        using var running = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream + """, "max_tokens": 100"""));
        for (var i = 0; i < 10; i++)
        {
            var (status, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", new string('x', 1000)));
            var error = body.GetProperty("error");
            Assert.Equal((400, "context_length_exceeded", "messages"), ((int)status, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        }

        var events = (await running.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        Assert.Equal(100, events.Count(one => one.Contains("tick ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Comments_keep_a_silent_stream_alive_and_a_failure_behind_them_is_its_last_event()
    {
        var script = FakeScripts.TwelveTenZeroTwo();
        script.Answers[0].PromptMs = 700;
        script.Faults.Stream = new() { AfterTokens = 0, Error = "engine_on_strike", Message = "no more of this" };
        await using var host = await HostUnderTest.StartAsync(options => options with { StreamKeepAlive = TimeSpan.FromMilliseconds(100) }, ("main", script));
        using var response = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream));
        var events = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(events.Length >= 2);
        Assert.All(events[..^1], comment => Assert.StartsWith(": ", comment, StringComparison.Ordinal));
        Assert.Contains(events, comment => comment.StartsWith(": prompt: ", StringComparison.Ordinal));
        Assert.Equal("engine_on_strike", HostUnderTest.Parse(events[^1]["data: ".Length..]).GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(null, "data: [DONE]")]
    [InlineData("no_such_weights", "no_such_weights")]
    public async Task Comments_keep_a_stream_alive_while_its_model_loads_and_what_fails_then_is_its_last_event(string? error, string last)
    {
        var script = FakeScripts.TwelveTenZeroTwo();
        script.Load.StepMs = 400;
        if (error is not null)
            script.Faults.Load = new() { Error = error, Message = "no such weights" };
        await using var host = await HostUnderTest.StartAsync(options => options with { StreamKeepAlive = TimeSpan.FromMilliseconds(100) }, ("main", script));
        using var response = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream));
        var events = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(": waiting for the model", events[0]);
        Assert.Contains(last, events[^1], StringComparison.Ordinal);
        await Until.TrueAsync(() => host.Server.Workers.All(worker => worker.Leases == 0));
    }

    [Fact]
    public async Task A_worker_that_crashes_inside_an_answer_is_named_and_the_next_request_is_served()
    {
        var script = FakeScripts.Endless();
        script.Faults.Stream = new() { AfterTokens = 3, Signal = 9, When = "crash" };
        await using var host = await HostUnderTest.StartAsync(("main", script));
        var (status, _) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", "warm up", """, "max_tokens": 1"""));
        Assert.Equal(200, (int)status);

        var (failed, body) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", "crash now"));
        Assert.Equal((503, "worker_crashed"), ((int)failed, body.GetProperty("error").GetProperty("code").GetString()));

        var (again, _) = await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", "go on", """, "max_tokens": 1"""));
        Assert.Equal(200, (int)again);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_goes_away_frees_its_worker(bool stream)
    {
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.Endless()));
        using var gone = new CancellationTokenSource();
        var body = new StringContent(HostUnderTest.Ask("main", further: stream ? Stream : ""), Encoding.UTF8, "application/json");
        var request = host.Client.PostAsync(new Uri(HostUnderTest.Chat, UriKind.Relative), body, gone.Token);
        await Until.TrueAsync(() => host.Server.Workers.Any(worker => worker.Leases == 1));

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await Until.TrueAsync(() => host.Server.Workers.Single() is { State: WorkerState.Ready, Leases: 0 });
    }

    [Fact]
    public async Task A_host_that_stops_ends_running_answers_with_an_error_and_leaves_no_worker()
    {
        var host = await HostUnderTest.StartAsync(("main", FakeScripts.Endless()));
        using var response = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: Stream));
        var reading = response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var pid = host.Server.Workers.Single().Pid;

        await host.Host.DisposeAsync();

        Assert.Contains("\"error\"", (await reading.WaitAsync(FakeHome.Bound, TestContext.Current.CancellationToken)).Split("\n\n")[^2], StringComparison.Ordinal);
        Assert.Null(ProcessSystem.Current.StartTimeOf(pid!.Value));
        await host.DisposeAsync();
    }

    public static string TextOf(IEnumerable<JsonElement> chunks) => string.Concat(chunks.Select(ContentOf));

    private static async Task<List<JsonElement>> ChunksAsync(HostUnderTest host, string further)
    {
        var events = await host.StreamAsync(HostUnderTest.Chat, HostUnderTest.Ask("main", further: further));
        Assert.Equal("[DONE]", events[^1]);
        return events[..^1].ConvertAll(HostUnderTest.Parse);
    }

    private static JsonElement DeltaOf(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");

    private static string ContentOf(JsonElement chunk) =>
        chunk.GetProperty("choices") is var choices && choices.GetArrayLength() > 0
        && choices[0].GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString()! : "";

    private static FakeScript Failing(int afterTokens)
    {
        var script = FakeScripts.TwelveTenZeroTwo();
        script.Faults.Stream = new() { AfterTokens = (uint)afterTokens, Error = "engine_on_strike", Message = "no more of this" };
        return script;
    }
}
