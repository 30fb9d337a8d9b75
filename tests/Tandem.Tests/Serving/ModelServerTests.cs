using System.Diagnostics;
using FakeEngine.Scripts;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Host.Serving;
using Tandem.Host.Workers;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.Serving;

public sealed class ModelServerTests
{
    private static readonly FakeScript Endless = new() { Answers = [new FakeAnswer { Steps = [["tick "]], Repeat = true, StepMs = 5 }] };

    [Fact]
    public async Task A_model_is_loaded_on_demand_and_answers()
    {
        await using var home = new FakeHome();
        using var lease = await home.LeaseAsync(home.Model("a"));
        Assert.Equal("Hello, world.", await GenerateAsync(lease));
        Assert.Equal("fake", lease.Loaded.Architecture);
        Assert.Null(lease.DraftNote);
        var worker = Assert.Single(home.Server.Workers);
        Assert.Equal((WorkerState.Busy, "test/a", lease.WorkerId), (worker.State, worker.ModelKey, worker.WorkerId));
    }

    [Fact]
    public async Task Requests_for_one_model_share_one_load()
    {
        await using var home = new FakeHome();
        var model = home.Model("a");
        var leases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => home.LeaseAsync(model)));
        Assert.Single(leases.Select(lease => lease.WorkerId).Distinct());
        Assert.Single(home.Server.Workers);
        foreach (var lease in leases)
            lease.Dispose();
        await Until.TrueAsync(() => home.Server.Workers.Single() is { State: WorkerState.Ready, Leases: 0, Completed: 8 });
    }

    [Fact]
    public async Task A_draft_is_loaded_with_its_model_or_attached_later()
    {
        await using var home = new FakeHome();
        var (main, draft, other) = (home.Model("a"), home.Model("d"), home.Model("e"));
        using (var lease = await home.LeaseAsync(main, draft))
            Assert.Equal("test/d", lease.Loaded.Draft?.Key);
        using (var lease = await home.LeaseAsync(main, other))
            Assert.Equal("test/e", lease.Loaded.Draft?.Key);
        using (var lease = await home.LeaseAsync(main))
            Assert.Null(lease.DraftNote);
        Assert.Single(home.Server.Workers);
    }

    [Fact]
    public async Task A_draft_of_another_engine_is_refused_before_anything_starts()
    {
        await using var home = new FakeHome();
        var failure = await home.RefusalAsync(home.Model("a"), home.Model("d") with { EngineId = "other" });
        Assert.Equal(FailureCodes.DraftEngineMismatch, failure.Code);
        Assert.Contains("'fake'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'other'", failure.Message, StringComparison.Ordinal);
        Assert.Empty(home.Server.Workers);
    }

    [Fact]
    public async Task A_draft_with_another_vocabulary_is_refused_and_the_model_goes_on()
    {
        await using var home = new FakeHome();
        var main = home.Model("a");
        var draft = home.Model("d", new FakeScript { Tokenizer = new FakeTokenizerFacts { Fingerprint = "other" } });
        Assert.Equal(FailureCodes.DraftVocabularyMismatch, (await home.RefusalAsync(main, draft)).Code);
        using var lease = await home.LeaseAsync(main);
        Assert.Equal("Hello, world.", await GenerateAsync(lease));
    }

    [Theory]
    [InlineData("spawn")]
    [InlineData("handshake")]
    [InlineData("load")]
    public async Task A_worker_that_dies_before_it_serves_is_reported_with_code_signal_and_last_lines(string where)
    {
        var fault = new FakeFault { Signal = 11, Message = "GGML_ASSERT(x) failed" };
        await using var home = new FakeHome(new FakeScript
        {
            Faults = new FakeFaults { Spawn = where == "spawn" ? fault : null, Handshake = where == "handshake" ? fault : null },
        });
        var model = home.Model("a", new FakeScript { Faults = new FakeFaults { Load = where == "load" ? fault : null } });
        var failure = await home.RefusalAsync(model);
        Assert.Equal(FailureCodes.WorkerCrashed, failure.Code);
        Assert.Contains("139 (SIGSEGV)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("GGML_ASSERT(x) failed", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.RetryAfter);
    }

    [Fact]
    public async Task A_worker_that_dies_in_an_answer_is_explained_in_under_a_second_and_back_for_the_next_request()
    {
        await using var home = new FakeHome();
        var model = home.Model("a", new FakeScript
        {
            Faults = new FakeFaults { Stream = new FakeFault { AfterTokens = 2, Signal = 5, When = "crash", Message = "check failed" } },
        });
        string first;
        using (var lease = await home.LeaseAsync(model))
        {
            first = lease.WorkerId;
            await GenerateAsync(lease);
        }

        using (var lease = await home.LeaseAsync(model))
        {
            var exception = await Assert.ThrowsAsync<RpcException>(() => GenerateAsync(lease, "crash"));
            var clock = Stopwatch.StartNew();
            var failure = await lease.ExplainAsync(exception);
            TestContext.Current.SendDiagnosticMessage($"explained after {clock.Elapsed.TotalMilliseconds:0} ms");
            Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
            Assert.Equal(FailureCodes.WorkerCrashed, failure.Code);
            Assert.Contains("133 (SIGTRAP)", failure.Message, StringComparison.Ordinal);
            Assert.Contains("check failed", failure.Message, StringComparison.Ordinal);
        }

        await Until.TrueAsync(() => home.Server.Workers.All(worker => worker.WorkerId != first));
        using var next = await home.LeaseAsync(model);
        Assert.NotEqual(first, next.WorkerId);
        Assert.Equal("Hello, world.", await GenerateAsync(next));
    }

    [Fact]
    public async Task A_model_that_crashes_before_it_serves_backs_off_and_says_when_to_retry()
    {
        var clock = new FakeTimeProvider();
        // Bounds are measured on a clock that stands still here; the test's own bound holds.
        await using var home = new FakeHome(
            new FakeScript { Faults = new FakeFaults { Spawn = new FakeFault { Exit = 3 } } },
            services => services.AddSingleton(new WorkerTimes { Clock = clock }));
        var model = home.Model("a");
        Assert.Contains("exit code 3", (await RefusedAsync(home, model, clock)).Message, StringComparison.Ordinal);
        home.Script(new FakeScript());
        var refused = await RefusedAsync(home, model, clock);
        Assert.Contains("exit code 3", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 8, 11);
        clock.Advance(TimeSpan.FromSeconds(12));
        using var lease = await home.LeaseAsync(model);
        Assert.Equal("Hello, world.", await GenerateAsync(lease));
    }

    [Theory]
    [InlineData(true, 0u, "could not prove")]
    [InlineData(false, 9u, "worker contract 9")]
    public async Task A_worker_that_lies_in_the_handshake_is_refused_and_ended(bool wrongProof, uint protocol, string reason)
    {
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { WrongProof = wrongProof, Protocol = protocol } });
        var failure = await home.RefusalAsync(home.Model("a"));
        Assert.Equal(FailureCodes.RuntimeBroken, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        await Until.TrueAsync(() => home.Server.Workers.Count == 0);
        Assert.Empty(ProcessList.Mentioning(home.RuntimeFolder));
    }

    [Fact]
    public async Task A_file_that_the_worker_refuses_is_told_in_its_words_and_may_be_tried_again()
    {
        await using var home = new FakeHome();
        var model = home.Model("a");
        await File.WriteAllTextAsync(model.Source.Path, "no script");
        var failure = await home.RefusalAsync(model);
        Assert.NotEqual(FailureCodes.WorkerCrashed, failure.Code);
        Assert.Null(failure.RetryAfter);
        ScriptFile.Write(model.Source.Path, new FakeScript());
        using var lease = await home.LeaseAsync(model);
        Assert.Equal("Hello, world.", await GenerateAsync(lease));
    }

    [Fact]
    public async Task A_setting_that_the_worker_does_not_know_is_refused_by_name()
    {
        await using var home = new FakeHome(new FakeScript { Engine = new FakeEngineFacts { Settings = ["sampling.top_k"] } });
        using var lease = await home.LeaseAsync(home.Model("a"));
        Assert.Null(lease.Check(new GenerateRequest { Sampling = new Sampling { TopK = 1 } }));
        Assert.Equal("sampling.min_p", lease.Check(new GenerateRequest { Sampling = new Sampling { MinP = 0.1f } })?.Param);
    }

    [Fact]
    public async Task An_idle_model_makes_room_and_a_busy_one_stays()
    {
        await using var home = new FakeHome();
        using var busy = await home.LeaseAsync(home.Model("busy"));
        (await home.LeaseAsync(home.Model("idle"))).Dispose();
        await Until.TrueAsync(() => home.Server.Workers.Any(worker => worker is { ModelKey: "test/idle", State: WorkerState.Ready }));
        using var third = await home.LeaseAsync(home.Model("third"));
        Assert.Equal(["test/busy", "test/third"], home.Server.Workers.Select(worker => worker.ModelKey).Order(StringComparer.Ordinal));
        Assert.Equal("Hello, world.", await GenerateAsync(busy));
    }

    [Fact]
    public async Task A_request_that_is_given_up_while_loading_ends_and_the_others_do_not()
    {
        await using var home = new FakeHome();
        var model = home.Model("a", new FakeScript { Load = new FakeLoad { Steps = 4, StepMs = 100 } });
        using var cancel = new CancellationTokenSource();
        var given = home.Server.AcquireAsync(new LeaseRequest(model, null), cancel.Token);
        var kept = home.LeaseAsync(model);
        await Until.TrueAsync(() => home.Server.Workers.Any(worker => worker.State == WorkerState.Loading));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given).WaitAsync(FakeHome.Bound);
        using var lease = await kept;
        await Until.TrueAsync(() => home.Server.Workers.Single().Leases == 1);
    }

    [Fact]
    public async Task A_request_that_reaches_a_worker_on_its_way_out_is_told_that_the_model_was_unloaded()
    {
        await using var home = new FakeHome();
        var model = home.Model("a", FakeScripts.Endless());
        using var late = await home.LeaseAsync(model);
        using var running = await home.LeaseAsync(model);
        using var call = running.Client.Generate(new GenerateRequest { RequestId = "running" }, running.CallOptions(TestContext.Current.CancellationToken));
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        var unloading = home.Server.UnloadAsync("test/a", CancellationToken.None);
        await Until.TrueAsync(() => home.Server.Workers.Single().StopCause is not null);
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // Until the worker has heard of it.
            while (true)
            {
                using var next = late.Client.Generate(new GenerateRequest { RequestId = "late", MaxTokens = 1 }, late.CallOptions(TestContext.Current.CancellationToken));
                while (await next.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
                {
                }
            }
        });
        var failure = await late.ExplainAsync(exception);
        Assert.Equal(FailureCodes.ModelUnloaded, failure.Code);
        Assert.Contains("by the user", failure.Message, StringComparison.Ordinal);
        await unloading.WaitAsync(FakeHome.Bound);
    }

    [Fact]
    public async Task More_requests_than_the_queue_holds_are_refused()
    {
        await using var home = new FakeHome(configure: services => services.AddSingleton(new ServingOptions { QueueLength = 1 }));
        var model = home.Model("a");
        var leases = new List<Lease>();
        // Four at a time, and one that waits.
        for (var request = 0; request < 5; request++)
            leases.Add(await home.LeaseAsync(model));
        var failure = await home.RefusalAsync(model);
        Assert.Equal(FailureCodes.QueueFull, failure.Code);
        Assert.NotNull(failure.RetryAfter);
        leases.ForEach(lease => lease.Dispose());
    }

    [Fact]
    public async Task Without_a_runtime_the_request_is_refused_with_a_next_step()
    {
        await using var home = new FakeHome();
        Directory.Delete(home.RuntimeFolder, recursive: true);
        var failure = await home.RefusalAsync(home.Model("a"));
        Assert.Equal(FailureCodes.RuntimeNotFound, failure.Code);
        Assert.NotNull(failure.NextStep);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stopping_ends_everything_in_time_whether_loading_or_answering(bool loading)
    {
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { IgnoreSigterm = true, Grandchild = true } });
        var slow = home.Model("slow", new FakeScript { Load = new FakeLoad { Steps = 1000, StepMs = 100 } });
        var waiting = loading ? home.Server.AcquireAsync(new LeaseRequest(slow, null), CancellationToken.None) : null;
        using var lease = loading ? null : await home.LeaseAsync(home.Model("endless", Endless));
        var answering = lease is null ? Task.CompletedTask : GenerateAsync(lease);
        await Until.TrueAsync(() => home.Server.Workers.Any(worker => worker.State is WorkerState.Loading or WorkerState.Busy));
        var pid = home.Server.Workers.Single().Pid!.Value;
        var clock = Stopwatch.StartNew();
        await home.Server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        TestContext.Current.SendDiagnosticMessage($"stopped after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.Empty(ProcessList.InGroup(pid));
        if (waiting is not null)
            Assert.Equal(FailureCodes.ModelUnloaded, Assert.IsType<LeaseResult.Refused>(await waiting.WaitAsync(FakeHome.Bound)).Failure.Code);
        await answering.ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(FakeHome.Bound);
        Assert.Equal(FailureCodes.ModelUnloaded, (await home.RefusalAsync(slow)).Code);
    }

    private static Task<Failure> RefusedAsync(FakeHome home, ModelEntry model, FakeTimeProvider clock) => Advance(home.RefusalAsync(model), clock);

    // Last words of a dead child are waited for on the clock.
    private static async Task<T> Advance<T>(Task<T> task, FakeTimeProvider clock)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!task.IsCompleted && await look.WaitForNextTickAsync(CancellationToken.None))
            clock.Advance(TimeSpan.FromMilliseconds(1));
        return await task;
    }

    private static async Task<string> GenerateAsync(Lease lease, string prompt = "hello")
    {
        var request = new GenerateRequest
        {
            RequestId = "test",
            Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = prompt } } } },
        };
        using var bound = new CancellationTokenSource(FakeHome.Bound);
        using var call = lease.Client.Generate(request, lease.CallOptions(bound.Token));
        var bytes = new List<byte>();
        await foreach (var message in call.ResponseStream.ReadAllAsync(CancellationToken.None))
            bytes.AddRange(message.Step?.Tokens.SelectMany(token => token.Piece) ?? []);
        return System.Text.Encoding.UTF8.GetString([.. bytes]);
    }
}
