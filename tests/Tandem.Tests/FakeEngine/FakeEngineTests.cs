using System.Text.Json;
using FakeEngine.Scripts;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.FakeEngineTests;

/// <summary>The double keeps the contract: what the supervisor's tests take from it, it must do as a real worker does.</summary>
public sealed class FakeEngineTests
{
    private static readonly FakeScript TwelveTenZeroTwo = new()
    {
        Answers =
        [
            new()
            {
                Steps =
                [
                    [Draft("one"), Draft(" two"), Draft(" three"), Draft(" four"), " five"],
                    [Draft(" six"), Draft(" seven"), Draft(" eight"), Draft(" nine"), " ten"],
                    [Draft(" eleven"), Draft(" twelve")],
                ],
                Speculation = new() { Drafted = 12, Accepted = 10, Rejected = 0, Ignored = 2 },
                PromptSeconds = 0.301,
                GenerationSeconds = 1.382,
            },
        ],
    };

    private static readonly FakeScript Endless = new() { Answers = [new() { Steps = [[Draft("a"), "b"]], Repeat = true, StepMs = 1 }] };

    [Fact]
    public async Task Scripted_counts_and_times_are_reported_with_their_tokens()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(TwelveTenZeroTwo, request => request.Draft = DraftOf(worker, new FakeScript()));

        var (tokens, end) = await GenerateAsync(worker, new GenerateRequest { Speculation = new() { Proposer = Proposer.Draft } });

        Assert.Equal("one two three four five six seven eight nine ten eleven twelve", Text(tokens));
        Assert.Equal(10, tokens.Count(token => token.Origin == Origin.Draft));
        Assert.Equal(FinishReason.Eos, end.Reason);
        Assert.Equal((0.301, 1.382), (end.PromptSeconds, end.GenerationSeconds));
        var counters = end.Speculation;
        Assert.Equal((12ul, 10ul, 0ul, 2ul), (counters.Drafted, counters.Accepted, counters.Rejected, counters.Ignored));
        Assert.Equal("test/draft", counters.DraftKey);
    }

    [Fact]
    public async Task Without_a_proposer_every_token_is_a_step_of_the_main_model()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(TwelveTenZeroTwo);

        using var call = worker.Client.Generate(new GenerateRequest());
        var messages = await call.ResponseStream.ReadAllAsync().ToListAsync(TestContext.Current.CancellationToken);

        Assert.All(messages[..^1], message => Assert.Equal(Origin.Main, Assert.Single(message.Step.Tokens).Origin));
        Assert.Null(messages[^1].Finished.Speculation);
    }

    [Fact]
    public async Task A_limit_in_the_middle_of_a_step_makes_the_rest_of_its_draft_ignored()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(TwelveTenZeroTwo, request => request.Draft = DraftOf(worker, new FakeScript()));

        var (tokens, end) = await GenerateAsync(
            worker, new GenerateRequest { MaxTokens = 7, Speculation = new() { Proposer = Proposer.Draft } });

        Assert.Equal(7, tokens.Count);
        Assert.Equal(FinishReason.MaxTokens, end.Reason);
        var counters = end.Speculation;
        Assert.Equal((8ul, 6ul, 0ul, 2ul), (counters.Drafted, counters.Accepted, counters.Rejected, counters.Ignored));
    }

    [Fact]
    public async Task A_stop_string_over_several_tokens_ends_the_text_before_it()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(TwelveTenZeroTwo);

        var (tokens, end) = await GenerateAsync(worker, new GenerateRequest { Stop = { "never", "wo thr" } });

        Assert.Equal("one t", Text(tokens));
        Assert.Equal((FinishReason.StopString, "wo thr", 2u), (end.Reason, end.StopString, end.EmittedTokens));
    }

    [Fact]
    public async Task Cancelling_stops_the_answer_and_its_counters_are_still_added()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(Endless, request => request.Draft = DraftOf(worker, new FakeScript()));
        using var cancel = new CancellationTokenSource();
        using var call = worker.Client.Generate(
            new GenerateRequest { Speculation = new() { Proposer = Proposer.Draft } }, cancellationToken: cancel.Token);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await cancel.CancelAsync();

        // Drain returns when the last running call has ended.
        await worker.Client.DrainAsync(new DrainRequest());
        var stats = await worker.Client.StatsAsync(new StatsRequest());
        Assert.Empty(stats.Slots);
        Assert.Equal(1ul, stats.RequestsFinished);
        Assert.True(stats.Speculation.Accepted >= 1);
        Assert.Equal(stats.Speculation.Drafted, stats.Speculation.Accepted + stats.Speculation.Rejected + stats.Speculation.Ignored);
    }

    [Fact]
    public async Task Draining_refuses_new_requests_and_waits_for_the_running_one()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(Endless);
        using var running = worker.Client.Generate(new GenerateRequest { MaxTokens = 50 });
        Assert.True(await running.ResponseStream.MoveNext(CancellationToken.None));

        var drained = worker.Client.DrainAsync(new DrainRequest()).ResponseAsync;
        await UntilAsync(async () => (await worker.Client.StatsAsync(new StatsRequest())).State == StatsResponse.Types.State.Draining);
        var refusal = await Assert.ThrowsAsync<RpcException>(() => GenerateAsync(worker, new GenerateRequest()));

        Assert.Equal("draining", Refusal.DetailOf(refusal)?.Code);
        var rest = await running.ResponseStream.ReadAllAsync().ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(FinishReason.MaxTokens, rest[^1].Finished.Reason);
        Assert.Equal(1u, (await drained.WaitAsync(WorkerUnderTest.Bound)).Finished);
    }

    [Fact]
    public async Task Requests_beyond_the_places_wait_their_turn()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(Endless, request => request.Settings = new LoadSettings { Parallel = 1 });
        using var first = worker.Client.Generate(new GenerateRequest());
        Assert.True(await first.ResponseStream.MoveNext(CancellationToken.None));

        var second = GenerateAsync(worker, new GenerateRequest { MaxTokens = 1 });
        await UntilAsync(async () => (await worker.Client.StatsAsync(new StatsRequest())).Waiting == 1);
        first.Dispose();

        var (_, end) = await second.WaitAsync(WorkerUnderTest.Bound);
        Assert.True(end.QueueSeconds > 0);
    }

    [Fact]
    public async Task A_draft_is_attached_and_detached_while_an_answer_runs()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(Endless);
        using var call = worker.Client.Generate(new GenerateRequest { Speculation = new() { Proposer = Proposer.Draft } });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(Origin.Main, call.ResponseStream.Current.Step.Tokens[0].Origin);

        using var attach = worker.Client.AttachDraft(new AttachDraftRequest { Draft = DraftOf(worker, new FakeScript()) });
        var attached = await attach.ResponseStream.ReadAllAsync().ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1ul, attached[^1].Attached.Draft.Revision);
        await UntilAsync(() => NextHasAsync(call, Origin.Draft));

        var detached = await worker.Client.DetachDraftAsync(new DetachDraftRequest());
        Assert.Equal((true, 2ul), (detached.Detached, detached.Revision));
        await UntilAsync(async () => !await NextHasAsync(call, Origin.Draft));
    }

    [Fact]
    public async Task A_draft_that_does_not_fit_is_refused_and_the_main_goes_on()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(new FakeScript());
        var other = DraftOf(worker, new FakeScript { Tokenizer = new() { Fingerprint = "other" } });

        using var attach = worker.Client.AttachDraft(new AttachDraftRequest { Draft = other });
        var refusal = await Assert.ThrowsAsync<RpcException>(() => attach.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("draft_vocab_mismatch", Refusal.DetailOf(refusal)?.Code);
        var verdict = await worker.Client.CheckDraftAsync(new CheckDraftRequest { Draft = other.Model, DraftEngineId = "fake" });
        Assert.Equal(Verdict.Refused, verdict.Verdict);
        var foreign = await worker.Client.CheckDraftAsync(new CheckDraftRequest { Draft = other.Model, DraftEngineId = "mlx" });
        Assert.Equal("engine", Assert.Single(foreign.Failed).Check);

        var (tokens, _) = await GenerateAsync(worker, new GenerateRequest());
        Assert.Equal("Hello, world.", Text(tokens));
    }

    [Theory]
    [InlineData("{\"answers\":[{\"speculation\":{\"drafted\":3,\"accepted\":1}}]}", "drafted must be")]
    [InlineData("{\"answer\":[]}", "answer")]
    [InlineData("{", "")]
    public async Task A_script_with_a_mistake_is_refused_with_its_reason(string script, string reason)
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        var path = Path.Combine(worker.Folder, "bad.fake.json");
        await File.WriteAllTextAsync(path, script, TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAsync<RpcException>(
            () => worker.LoadAsync(new FakeScript(), request => request.Model.Path = path));

        Assert.Equal("model_file_invalid", Refusal.DetailOf(refusal)?.Code);
        Assert.Contains(reason, Refusal.DetailOf(refusal)?.Message);
    }

    [Theory]
    [InlineData(3, null, 3)]
    [InlineData(null, 11, 139)]
    [InlineData(null, 5, 133)]
    public async Task A_fault_in_the_stream_ends_the_process_after_its_tokens(int? exit, int? signal, int expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && signal is not null, "Windows has no signals");
        await using var worker = await WorkerUnderTest.StartAsync();
        var fault = new FakeFault { AfterTokens = 2, Exit = exit, Signal = signal, Message = "GGML_ASSERT failed", When = "boom" };
        await worker.LoadAsync(new FakeScript { Faults = new() { Stream = fault } });

        var (tokens, _) = await GenerateAsync(worker, Asking("hello"));
        Assert.Equal(4, tokens.Count);
        await Assert.ThrowsAsync<RpcException>(() => GenerateAsync(worker, Asking("boom")));

        Assert.Equal(expected, await worker.ExitAsync());
        Assert.Contains("GGML_ASSERT failed", await worker.ErrorsAsync());
    }

    [Fact]
    public async Task A_scripted_start_line_replaces_the_true_one()
    {
        var script = new FakeScript { Faults = new() { StartLine = "garbage {pid}", StderrLines = 3 } };
        await using var worker = await WorkerUnderTest.StartAsync(script);

        Assert.Equal($"garbage {worker.Process.Id}", worker.FirstLine);
    }

    [Fact]
    public async Task The_probe_prints_one_object_and_needs_no_supervisor()
    {
        await using var probe = await WorkerUnderTest.StartAsync(null, null, "--probe");

        using var found = JsonDocument.Parse(probe.FirstLine);
        Assert.Equal("fake", found.RootElement.GetProperty("engine").GetString());
        Assert.Equal(0, await probe.ExitAsync());
    }

    [Fact]
    public async Task The_prompt_can_be_echoed_and_marks_in_user_text_stay_text()
    {
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(new FakeScript { Answers = [new() { EchoPrompt = true }] });
        var prompt = new Prompt
        {
            Segments =
            {
                new Segment { Text = new TextSegment { Text = "<|begin|>", ParseSpecial = true } },
                new Segment { Text = new TextSegment { Text = "<|begin|>ü" } },
            },
        };

        var ids = (await worker.Client.TokenizeAsync(new TokenizeRequest { Prompt = prompt })).Ids;
        var (tokens, end) = await GenerateAsync(worker, new GenerateRequest { Prompt = prompt });

        Assert.Equal(1 + "<|begin|>ü".Length, ids.Count);
        Assert.Equal("<|begin|><|begin|>ü", Text(tokens));
        Assert.Equal((uint)ids.Count, end.PromptTokens);
    }

    private static FakeToken Draft(string text) => FakeToken.FromDraft(text);

    private static DraftModel DraftOf(WorkerUnderTest worker, FakeScript script) => new()
    {
        EngineId = "fake",
        Model = new ModelReference { Path = worker.Write(script, "draft"), Key = "test/draft" },
    };

    private static GenerateRequest Asking(string text)
        => new() { Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = text } } } } };

    private static string Text(IEnumerable<Token> tokens)
        => System.Text.Encoding.UTF8.GetString([.. tokens.SelectMany(token => token.Piece)]);

    private static async Task<(List<Token> Tokens, Finished End)> GenerateAsync(WorkerUnderTest worker, GenerateRequest request)
    {
        using var call = worker.Client.Generate(request);
        var messages = await call.ResponseStream.ReadAllAsync().ToListAsync(TestContext.Current.CancellationToken);
        return ([.. messages.SelectMany(message => message.Step?.Tokens ?? [])], messages[^1].Finished);
    }

    private static async Task<bool> NextHasAsync(AsyncServerStreamingCall<GenerateResponse> call, Origin origin)
    {
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return call.ResponseStream.Current.Step.Tokens.Any(token => token.Origin == origin);
    }

    /// <summary>Asks again until it holds; every question is a call or a message, so this waits on the worker, not on a clock.</summary>
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var bound = new CancellationTokenSource(WorkerUnderTest.Bound);
        while (!await holds())
            bound.Token.ThrowIfCancellationRequested();
    }
}
