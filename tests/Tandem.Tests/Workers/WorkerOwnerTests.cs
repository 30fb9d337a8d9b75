using System.Collections.Concurrent;
using System.Diagnostics;
using FakeEngine.Scripts;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Serving;
using Tandem.Host.Workers;
using Tandem.Protocol;
using Tandem.Tests.Support;
using static Tandem.Host.Workers.WorkerState;

namespace Tandem.Tests.Workers;

/// <summary>The rows of the table in <c>Workers/design.md</c>, each with a real process.</summary>
public sealed class WorkerOwnerTests : IAsyncDisposable
{
    private static readonly WorkerTimes Impatient = new()
    {
        LoadStall = TimeSpan.FromSeconds(1.5),
        HealthAnswer = TimeSpan.FromSeconds(1),
        Wedged = TimeSpan.FromSeconds(1.5),
        LookBusy = TimeSpan.FromMilliseconds(100),
        LookIdle = TimeSpan.FromMilliseconds(200),
        Drain = TimeSpan.FromSeconds(1),
    };

    private readonly ConcurrentQueue<WorkerSnapshot> _seen = new();
    private FakeHome _home = null!;
    private Action<WorkerSnapshot> _onChange = _ => { };

    [Fact]
    public async Task From_absent_to_ready_by_way_of_spawning_handshaking_and_loading()
    {
        await using var owner = Start(new FakeScript { Load = new FakeLoad { Steps = 3 } });
        await ReadyAsync(owner);
        Assert.Equal([Spawning, Handshaking, Loading, Ready], States());
        var seen = _seen.ToArray();
        Assert.Equal(seen.Select(snapshot => snapshot.Progress).Order(), seen.Select(snapshot => snapshot.Progress));
        Assert.Equal(seen.Length, seen.Select(snapshot => snapshot.Revision).Distinct().Count());
    }

    [Fact]
    public async Task Absent_and_stopped_starts_nothing()
    {
        await using var owner = Make(new FakeScript());
        owner.Stop(StopCause.UnloadedByUser);
        owner.Start();
        await EndAsync(owner);
        Assert.Equal([Absent, Stopped], States());
    }

    [Theory]
    [InlineData("spawn", Spawning)]
    [InlineData("handshake", Handshaking)]
    [InlineData("load", Loading)]
    [InlineData("ready", Loading)]
    public async Task Stopped_before_it_serves_it_is_stopped_and_nothing_is_left(string hangs, WorkerState state)
    {
        await using var owner = Start(new FakeScript { Faults = FaultsAt(hangs, new FakeFault { Hang = true }) }, FaultsAt(hangs, new FakeFault { Hang = true }));
        await Until.TrueAsync(() => owner.Snapshot.State == state);
        owner.Stop(StopCause.UnloadedByUser);
        await EndAsync(owner);
        Assert.Equal([Stopping, Stopped], States().TakeLast(2));
        Assert.Equal(StopCause.UnloadedByUser, owner.Snapshot.StopCause);
    }

    [Theory]
    [InlineData("spawn", Spawning)]
    [InlineData("handshake", Handshaking)]
    [InlineData("load", Loading)]
    [InlineData("ready", Loading)]
    public async Task A_death_before_it_serves_is_a_fault_with_code_signal_and_last_lines(string dies, WorkerState state)
    {
        var fault = new FakeFault { Signal = 11, Message = "the last words" };
        await using var owner = Start(new FakeScript { Faults = FaultsAt(dies, fault) }, FaultsAt(dies, fault));
        await EndAsync(owner);
        Assert.Equal([state, Faulted], States().TakeLast(2));
        var failure = owner.Snapshot.Fault!.Failure;
        Assert.Equal(FailureCodes.WorkerCrashed, failure.Code);
        Assert.Contains("139 (SIGSEGV)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the last words", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.NextStep);
        Assert.False(owner.Snapshot.Fault.Refused);
    }

    [Theory]
    [InlineData("load")]
    [InlineData("ready")]
    public async Task A_load_that_stands_still_is_given_up(string hangs)
    {
        await using var owner = Start(new FakeScript { Faults = FaultsAt(hangs, new FakeFault { Hang = true }) });
        await EndAsync(owner);
        Assert.Equal([Loading, Faulted], States().TakeLast(2));
        Assert.Contains("stood still for 1.5 s", owner.Snapshot.Fault!.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_that_goes_on_is_waited_for_however_long_it_takes()
    {
        await using var owner = Start(new FakeScript { Load = new FakeLoad { Steps = 10, StepMs = 400 } });
        await ReadyAsync(owner);
        Assert.True(owner.Snapshot.ReadyAt - owner.Snapshot.StartedAt > Impatient.LoadStall * 2);
    }

    [Fact]
    public async Task A_load_that_the_worker_refuses_is_no_crash()
    {
        await using var owner = Start(new FakeScript { Faults = new FakeFaults { Load = new FakeFault { Error = "insufficient_memory" } } });
        await EndAsync(owner);
        Assert.True(owner.Snapshot.Fault!.Refused);
        Assert.Equal("insufficient_memory", owner.Snapshot.Fault.Failure.Code);
    }

    [Fact]
    public async Task A_worker_that_lies_in_the_handshake_is_ended()
    {
        await using var owner = Start(new FakeScript(), new FakeFaults { WrongProof = true });
        await EndAsync(owner);
        Assert.Equal([Handshaking, Faulted], States().TakeLast(2));
    }

    [Fact]
    public async Task Ready_becomes_busy_with_the_first_lease_and_ready_again_with_the_last()
    {
        await using var owner = Start(new FakeScript());
        await ReadyAsync(owner);
        owner.Enter();
        owner.Enter();
        owner.Leave(completed: true);
        owner.Leave(completed: false);
        await Until.TrueAsync(() => owner.Snapshot is { State: Ready, Completed: 1 });
        Assert.Equal([Ready, Busy, Ready], States().TakeLast(3));
    }

    [Fact]
    public async Task Ready_and_stopped_the_worker_ends_in_order()
    {
        await using var owner = Start(new FakeScript());
        await ReadyAsync(owner);
        owner.Stop(StopCause.Evicted);
        await EndAsync(owner);
        Assert.Equal([Ready, Stopping, Stopped], States().TakeLast(3));
        Assert.Equal(0, (await owner.Process!.Exited).ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Busy_and_stopped_it_drains_until_the_last_lease_is_back_or_its_time_is_over(bool leaves)
    {
        await using var owner = Start(FakeScripts.Endless());
        await ReadyAsync(owner);
        owner.Enter();
        var answer = AnswerAsync(owner);
        owner.Stop(StopCause.UnloadedByUser);
        await Until.TrueAsync(() => owner.Snapshot.State == Draining);
        if (leaves)
            owner.Leave(completed: true);
        await EndAsync(owner);
        Assert.Equal([Draining, Stopping, Stopped], States().TakeLast(3));
        await answer;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_death_while_it_serves_is_a_fault_and_while_it_stops_is_none(bool draining)
    {
        await using var owner = Start(FakeScripts.Endless());
        await ReadyAsync(owner);
        owner.Enter();
        // Without an answer under way there would be nothing to drain, and no time to die in.
        var answer = AnswerAsync(owner);
        var engine = owner.Connection!;
        await Until.TrueAsync(async () =>
            (await engine.Client.StatsAsync(new StatsRequest(), engine.Options(TestContext.Current.CancellationToken))).Slots.Count > 0);
        if (draining)
        {
            owner.Stop(StopCause.UnloadedByUser);
            await Until.TrueAsync(() => owner.Snapshot.State == Draining);
        }

        var clock = Stopwatch.StartNew();
        Assert.Equal(0, Signals.Send(owner.Process!.Pid, 9));
        await Until.TrueAsync(() => owner.Snapshot.State is not (Busy or Draining));
        TestContext.Current.SendDiagnosticMessage($"noticed after {clock.Elapsed.TotalMilliseconds:0} ms");
        await EndAsync(owner);
        Assert.Equal(draining ? [Draining, Stopping, Stopped] : [Busy, Faulted], States().TakeLast(draining ? 3 : 2));
        Assert.NotNull(await answer);
    }

    [Fact]
    public async Task Who_is_told_of_a_crash_may_ask_again_at_once_for_the_worker_is_known_to_be_gone()
    {
        await using var owner = Start(FakeScripts.Endless());
        await ReadyAsync(owner);
        using var lease = new WorkerLease(null!, owner, usesDraft: false, draftNote: null, Impatient, _ => { });
        owner.Enter();
        var answer = AnswerAsync(owner);
        using var known = new ManualResetEventSlim();
        _onChange = snapshot => Assert.True(snapshot.State != Faulted || known.Wait(FakeHome.Bound));
        Assert.Equal(0, Signals.Send(owner.Process!.Pid, 9));
        var telling = lease.ExplainAsync(Assert.IsType<RpcException>(await answer));
        await owner.Process.Exited;
        // Long enough for a lease that does not wait.
        await Task.WhenAny(telling, Task.Delay(500, TestContext.Current.CancellationToken));
        var early = telling.IsCompleted;
        known.Set();
        Assert.False(early);
        Assert.Equal(FailureCodes.WorkerCrashed, (await telling).Code);
        await EndAsync(owner);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_frozen_worker_is_ended_and_it_is_said_why(bool busy)
    {
        await using var owner = Start(FakeScripts.Endless());
        await ReadyAsync(owner);
        if (busy)
            owner.Enter();
        Assert.Equal(0, Signals.Send(owner.Process!.Pid, 19));
        await EndAsync(owner);
        Assert.Equal(Faulted, owner.Snapshot.State);
        Assert.Contains("frozen or deadlocked", owner.Snapshot.Fault!.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wedged_decode_is_ended_although_health_answers()
    {
        await using var owner = Start(new FakeScript { Faults = new FakeFaults { Stream = new FakeFault { Hang = true } } });
        await ReadyAsync(owner);
        owner.Enter();
        var answer = AnswerAsync(owner);
        await EndAsync(owner);
        Assert.Contains("has not made a step for 1.5 s", owner.Snapshot.Fault!.Failure.Message, StringComparison.Ordinal);
        await answer;
    }

    [Theory]
    [InlineData(400)]
    [InlineData(5)]
    public async Task A_busy_worker_is_left_alone_however_slow_it_is(double stepMs)
    {
        await using var owner = Start(new FakeScript { Answers = [new() { Steps = [["tick "]], Repeat = true, StepMs = stepMs }] });
        await ReadyAsync(owner);
        owner.Enter();
        using var cancel = new CancellationTokenSource(Impatient.Wedged * 2.5);
        await AnswerAsync(owner, cancellationToken: cancel.Token);
        Assert.Equal(Busy, owner.Snapshot.State);
    }

    [Fact]
    public async Task A_connection_that_is_cut_ends_the_answer_and_not_the_worker()
    {
        await using var owner = Start(new FakeScript
        {
            Faults = new FakeFaults { Stream = new FakeFault { Disconnect = true, When = "cut", AfterTokens = 1 } },
        });
        await ReadyAsync(owner);
        Assert.NotNull(await AnswerAsync(owner, prompt: "cut"));
        Assert.Null(await AnswerAsync(owner));
        Assert.Equal(Ready, owner.Snapshot.State);
    }

    [Fact]
    public async Task What_it_writes_is_in_its_log_after_its_end()
    {
        await using (var owner = Start(new FakeScript { Faults = new FakeFaults { Load = new FakeFault { Exit = 7, Message = "a line of its own", Times = 3 } } }))
            await EndAsync(owner);
        var text = await File.ReadAllTextAsync(WorkerLogFile.PathOf(_home.Options, "test/m"), TestContext.Current.CancellationToken);
        Assert.Equal(3 + 1, text.Split("a line of its own").Length - (text.Contains("Its last lines", StringComparison.Ordinal) ? 3 : 0));
        Assert.Contains("exit code 7", text, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_home is not null)
            await _home.DisposeAsync();
    }

    private static FakeFaults FaultsAt(string phase, FakeFault fault) => new()
    {
        Spawn = phase == "spawn" ? fault : null,
        Handshake = phase == "handshake" ? fault : null,
        Load = phase == "load" ? fault : null,
        Ready = phase == "ready" ? fault : null,
    };

    private WorkerOwner Start(FakeScript model, FakeFaults? process = null)
    {
        var owner = Make(model, process);
        owner.Start();
        return owner;
    }

    private WorkerOwner Make(FakeScript model, FakeFaults? process = null)
    {
        _home = new FakeHome(new FakeScript { Faults = process ?? new FakeFaults() });
        var load = new LoadModelRequest { EngineId = "fake", Model = new ModelReference { Path = _home.Model("m", model).Source.Path, Key = "test/m" } };
        var tools = new WorkerTools(_home.Get<IWorkerHost>(), ProcessSystem.Current, Impatient, NullLogger.Instance);
        var owner = new WorkerOwner(new WorkerPlan(_home.Order() with { InstanceId = "test/m" }, "test/m", load), tools, changed =>
        {
            _seen.Enqueue(changed.Snapshot);
            _onChange(changed.Snapshot);
        });
        _seen.Enqueue(owner.Snapshot);
        return owner;
    }

    private List<WorkerState> States()
    {
        var states = new List<WorkerState>();
        foreach (var snapshot in _seen)
        {
            if (states.Count == 0 || states[^1] != snapshot.State)
                states.Add(snapshot.State);
        }

        return states is [Absent, Spawning, ..] ? states[1..] : states;
    }

    private static Task ReadyAsync(WorkerOwner owner) => Until.TrueAsync(() =>
        owner.Snapshot.State == Ready || (owner.Snapshot.Fault is { } fault ? throw new InvalidOperationException(fault.Failure.Message) : false));

    private static async Task EndAsync(WorkerOwner owner)
    {
        await owner.Ended.WaitAsync(FakeHome.Bound);
        if (owner.Snapshot.Pid is { } pid)
            Assert.Empty(ProcessList.InGroup(pid));
    }

    /// <summary>Null when the answer came to its end, else what ended it.</summary>
    private static async Task<RpcException?> AnswerAsync(WorkerOwner owner, string prompt = "hello", CancellationToken cancellationToken = default)
    {
        var request = new GenerateRequest { RequestId = "test", Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = prompt } } } } };
        try
        {
            using var call = owner.Connection!.Client.Generate(request, owner.Connection.Options(cancellationToken));
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }

            return null;
        }
        catch (RpcException exception)
        {
            return exception;
        }
    }
}
