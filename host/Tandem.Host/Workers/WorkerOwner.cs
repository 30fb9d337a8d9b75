using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>What a <see cref="WorkerOwner"/> starts and loads.</summary>
internal sealed record WorkerPlan(WorkerOrder Order, string ModelKey, LoadModelRequest Load);

/// <summary>What a <see cref="WorkerOwner"/> works with.</summary>
internal sealed record WorkerTools(IWorkerHost Host, IProcessSystem Processes, WorkerTimes Times, ILogger Logger);

/// <summary>
/// The one owner of a worker process, from its start to the end of its group; a worker is replaced, never reused. Everything that changes
/// happens in one loop, message by message. Others post messages or read <see cref="Snapshot"/>. Table of transitions: <c>design.md</c>.
/// </summary>
internal sealed class WorkerOwner : IAsyncDisposable
{
    private readonly Channel<WorkerMessage> _inbox = Channel.CreateUnbounded<WorkerMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _work = new();
    private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WorkerPlan _plan;
    private readonly WorkerTools _tools;
    private readonly Action<WorkerOwner> _onChange;
    private volatile WorkerSnapshot _snapshot;

    // Below: the loop's own.
    private IWorkerProcess? _process;
    private WorkerWork? _steps;
    private bool _spawning;
    private bool _ending;
    private bool _gone;

    /// <param name="onChange">Called by the loop after every change; returns at once.</param>
    public WorkerOwner(WorkerPlan plan, WorkerTools tools, Action<WorkerOwner> onChange)
    {
        (_plan, _tools, _onChange) = (plan, tools, onChange);
        _snapshot = new WorkerSnapshot
        {
            WorkerId = plan.Order.WorkerId,
            ModelKey = plan.ModelKey,
            InstanceId = plan.Order.InstanceId,
            EngineId = plan.Order.Runtime.EngineId,
            RuntimeId = plan.Order.Runtime.Id,
        };
        Ended = RunAsync();
    }

    public WorkerSnapshot Snapshot => _snapshot;

    public WorkerPlan Plan => _plan;

    /// <summary>Completes when the state is final and nothing of the process is left. Never faults.</summary>
    public Task Ended { get; }

    /// <summary>
    /// Completes when the worker takes no more work and the one who hands it out has been told. Who learns of a crash waits for it: when he
    /// asks again at once, he must not be given the dead worker. Never faults.
    /// </summary>
    public Task GivenUp => _givenUp.Task;

    /// <summary>Present once the worker has served; calls on it fail when the worker is gone.</summary>
    public WorkerChannel? Connection { get; private set; }

    /// <inheritdoc cref="Connection"/>
    public IWorkerProcess? Process => _process;

    public void Start() => Post(new WorkerMessage.Start());

    public void Enter() => Post(new WorkerMessage.Entered());

    public void Leave(bool completed) => Post(new WorkerMessage.Left(completed));

    /// <summary>Drains, then runs the stop ladder; from any state, any number of times.</summary>
    public void Stop(StopCause cause) => Post(new WorkerMessage.Stop(cause));

    /// <summary>Adds or replaces the draft, or removes it (null). Always completes.</summary>
    public Task<DraftChange> ChangeDraftAsync(DraftModel? draft)
    {
        var reply = new TaskCompletionSource<DraftChange>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new WorkerMessage.ChangeDraft(draft, reply));
        return reply.Task;
    }

    /// <summary>Stops the worker, waits until nothing of it is left and lets go of the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        Stop(StopCause.SupervisorStops);
        await Ended;
        Connection?.Dispose();
        _work.Dispose();
    }

    private void Post(WorkerMessage message)
    {
        if (!_inbox.Writer.TryWrite(message))
            Discard(message);
    }

    private async Task RunAsync()
    {
        await foreach (var message in _inbox.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                Apply(message);
            }
            catch (Exception exception)
            {
                WorkerLog.OwnBug(_tools.Logger, exception, _snapshot.WorkerId, message.GetType().Name);
                Discard(message);
                Fault(new WorkerFault(new Failure(FailureCodes.WorkerCrashed, $"The supervisor failed: {exception.Message}"), Refused: false));
            }

            if (_snapshot.IsFinal && _gone)
                _inbox.Writer.TryComplete();
        }
    }

    private void Apply(WorkerMessage message)
    {
        switch (message)
        {
            case WorkerMessage.Start when _snapshot.State == WorkerState.Absent:
                _spawning = true;
                Move(WorkerState.Spawning, s => s with { StartedAt = _tools.Times.Clock.GetUtcNow() });
                Begin(
                    token => _tools.Host.StartAsync(_plan.Order, token),
                    failure => new WorkerStart.Failed(failure),
                    result => new WorkerMessage.Spawned(result));
                break;
            case WorkerMessage.Spawned spawned:
                OnSpawned(spawned.Result);
                break;
            case WorkerMessage.Handshaken shaken when _snapshot.State == WorkerState.Handshaking:
                OnHandshaken(shaken.Result);
                break;
            case WorkerMessage.Progressed progressed when _snapshot.State == WorkerState.Loading:
                // Never falling, whatever the worker says.
                Change(s => s with { Progress = Math.Max(s.Progress, progressed.Progress.Fraction), Phase = progressed.Progress.Phase });
                break;
            case WorkerMessage.Loaded loaded when _snapshot.State == WorkerState.Loading:
                OnLoaded(loaded.Result);
                break;
            case WorkerMessage.Entered:
                Change(s => s with { Leases = s.Leases + 1, State = s.State == WorkerState.Ready ? WorkerState.Busy : s.State });
                break;
            case WorkerMessage.Left left:
                OnLeft(left.Completed);
                break;
            case WorkerMessage.ChangeDraft change:
                OnChangeDraft(change);
                break;
            case WorkerMessage.DraftChanged changed:
                OnDraftChanged(changed);
                break;
            case WorkerMessage.Seen seen:
                Change(s => s with { Stats = seen.Stats });
                break;
            case WorkerMessage.Hung hung when _snapshot.Serves || _snapshot.State == WorkerState.Draining:
                Fault(new WorkerFault(hung.Failure, Refused: false));
                break;
            case WorkerMessage.Stop stop:
                OnStop(stop.Cause);
                break;
            case WorkerMessage.Drained when _snapshot.State == WorkerState.Draining:
                EndProcess(WorkerState.Stopping);
                break;
            case WorkerMessage.Exited exited:
                OnExited(exited.Exit);
                break;
            case WorkerMessage.Gone:
                _gone = true;
                if (!_snapshot.IsFinal)
                    Move(WorkerState.Stopped);
                break;
            default:
                // A result that came after the state it belongs to.
                break;
        }
    }

    private void OnSpawned(WorkerStart result)
    {
        _spawning = false;
        if (result is WorkerStart.Failed failed)
        {
            _gone = true;
            if (_snapshot.State == WorkerState.Stopping)
                Move(WorkerState.Stopped);
            else
                Fault(new WorkerFault(failed.Failure, Refused: false));
            return;
        }

        _process = ((WorkerStart.Started)result).Process;
        Connection = new WorkerChannel(_process);
        _steps = new WorkerWork(_process, Connection, _tools.Times, _tools.Processes);
        Begin(
            _ => _process.Exited,
            failure => new WorkerExit(-1, null, failure.Message, failure.NextStep ?? "", []),
            exit => new WorkerMessage.Exited(exit));
        if (_snapshot.State != WorkerState.Spawning)
        {
            // Asked to stop meanwhile.
            EndProcess(_snapshot.State);
            return;
        }

        Move(WorkerState.Handshaking, s => s with { Pid = _process.Pid });
        Begin(
            token => _steps.HandshakeAsync(_plan.Order.Runtime, token),
            failure => new HandshakeResult.Refused(failure),
            handshake => new WorkerMessage.Handshaken(handshake));
    }

    private void OnHandshaken(HandshakeResult result)
    {
        if (result is HandshakeResult.Refused refused)
        {
            Fault(new WorkerFault(refused.Failure, Refused: false));
            return;
        }

        var response = ((HandshakeResult.Accepted)result).Response;
        Move(WorkerState.Loading, s => s with { Handshake = response });
        Begin(
            token => _steps!.LoadAsync(_plan.Load, progress => Post(new WorkerMessage.Progressed(progress)), response, token),
            failure => new LoadOutcome.Failed(new WorkerFault(failure, Refused: false)),
            outcome => new WorkerMessage.Loaded(outcome));
    }

    private void OnLoaded(LoadOutcome outcome)
    {
        if (outcome is LoadOutcome.Failed failed)
        {
            Fault(failed.Fault);
            return;
        }

        var model = ((LoadOutcome.Ready)outcome).Model;
        Move(WorkerState.Ready, s => s with
        {
            Loaded = model,
            Progress = 1,
            DraftKey = model.Draft is null ? null : _plan.Load.Draft?.Model.Key,
            ReadyAt = _tools.Times.Clock.GetUtcNow(),
        });
        Begin(
            token => _steps!.WatchAsync(() => _snapshot.Leases > 0, stats => Post(new WorkerMessage.Seen(stats)), token),
            failure => failure,
            failure => new WorkerMessage.Hung(failure));
    }

    private void OnLeft(bool completed)
    {
        Change(s => s with
        {
            Leases = s.Leases - 1,
            Completed = s.Completed + (completed ? 1 : 0),
            State = s is { State: WorkerState.Busy, Leases: 1 } ? WorkerState.Ready : s.State,
        });
        if (_snapshot is { State: WorkerState.Draining, Leases: 0 })
            EndProcess(WorkerState.Stopping);
    }

    private void OnChangeDraft(WorkerMessage.ChangeDraft change)
    {
        if (!_snapshot.Serves)
        {
            Discard(change);
            return;
        }

        Begin(
            token => change.Draft is { } draft ? _steps!.AttachAsync(draft, _snapshot.Handshake!, token) : _steps!.DetachAsync(token),
            failure => new DraftChange.Failed(failure),
            result => new WorkerMessage.DraftChanged(result, change.Draft?.Model.Key, change.Reply));
    }

    private void OnDraftChanged(WorkerMessage.DraftChanged changed)
    {
        if (changed.Result is DraftChange.Changed attached && _snapshot.Serves)
        {
            var loaded = _snapshot.Loaded!.Clone();
            loaded.Draft = attached.Draft;
            Change(s => s with { Loaded = loaded, DraftKey = changed.Key });
        }

        changed.Reply.TrySetResult(changed.Result);
    }

    private void OnStop(StopCause cause)
    {
        if (_snapshot.IsFinal || _snapshot.StopCause is not null)
            return;
        Change(s => s with { StopCause = cause });
        if (_snapshot.State == WorkerState.Absent)
        {
            _gone = true;
            Move(WorkerState.Stopped);
        }
        else if (_snapshot.Leases > 0 && _snapshot.Serves)
        {
            Move(WorkerState.Draining);
            Begin(_ => _steps!.DrainAsync(), new WorkerMessage.Drained());
        }
        else
        {
            EndProcess(WorkerState.Stopping);
        }
    }

    private void OnExited(WorkerExit exit)
    {
        if (_snapshot.IsFinal || _ending)
            return;
        if (_snapshot.StopCause is not null)
            EndProcess(WorkerState.Stopping);
        else
            Fault(new WorkerFault(WorkerCalls.Crash(exit), Refused: false));
    }

    private void Fault(WorkerFault fault)
    {
        if (_snapshot.IsFinal)
            return;
        WorkerLog.Faulted(_tools.Logger, _snapshot.WorkerId, _plan.ModelKey, fault.Failure.Code, fault.Failure.Message);
        EndProcess(WorkerState.Faulted, s => s with { Fault = fault });
    }

    /// <summary>Moves on and makes sure that the process ends; <see cref="WorkerMessage.Gone"/> follows.</summary>
    private void EndProcess(WorkerState next, Func<WorkerSnapshot, WorkerSnapshot>? change = null)
    {
        Move(next, change);
        _givenUp.TrySetResult();
        _work.Cancel();
        if (_ending || _gone || _spawning)
            return;
        _ending = true;
        Begin(_ => _steps?.StopAsync() ?? Task.CompletedTask, new WorkerMessage.Gone());
    }

    /// <summary>Starts slow work outside the loop; whatever becomes of it comes back as a message.</summary>
    private void Begin<T>(Func<CancellationToken, Task<T>> work, Func<Failure, T> failed, Func<T, WorkerMessage> result)
    {
        var token = _work.Token;
        _ = Task.Run(
            async () =>
            {
                try
                {
                    Post(result(await work(token)));
                }
                catch (Exception exception)
                {
                    if (exception is not OperationCanceledException)
                        WorkerLog.OwnBug(_tools.Logger, exception, _snapshot.WorkerId, typeof(T).Name);
                    Post(result(failed(new Failure(FailureCodes.WorkerCrashed, $"The worker was given up: {exception.Message}"))));
                }
            },
            CancellationToken.None);
    }

    private void Begin(Func<CancellationToken, Task> work, WorkerMessage done) => Begin(
        async token =>
        {
            await work(token);
            return done;
        },
        _ => done,
        message => message);

    private void Move(WorkerState next, Func<WorkerSnapshot, WorkerSnapshot>? change = null)
    {
        WorkerLog.StateChanged(_tools.Logger, _snapshot.WorkerId, _snapshot.State, next);
        Change(s => (change?.Invoke(s) ?? s) with { State = next });
    }

    private void Change(Func<WorkerSnapshot, WorkerSnapshot> change)
    {
        _snapshot = change(_snapshot) with { Revision = _snapshot.Revision + 1 };
        _onChange(this);
    }

    /// <summary>Nobody is left waiting for a message that comes too late.</summary>
    private static void Discard(WorkerMessage message)
    {
        var late = new DraftChange.Failed(new Failure(FailureCodes.WorkerCrashed, "The worker has ended.", NextStep: "Try again."));
        if (message is WorkerMessage.ChangeDraft change)
            change.Reply.TrySetResult(late);
        else if (message is WorkerMessage.DraftChanged changed)
            changed.Reply.TrySetResult(late);
    }
}
