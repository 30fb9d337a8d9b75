using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>
/// The decisions of <see cref="ModelServer"/>, taken by its loop alone: who gets which worker, what is loaded, what goes. The rules that
/// need no state are pure and elsewhere: <see cref="Eviction"/>, <see cref="RestartPolicy"/>, <see cref="IdleUnload"/>,
/// <see cref="DraftChoice"/>, <see cref="InstanceNames"/>.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    /// <summary>Sequences of a worker that has not said yet how many it has.</summary>
    private const int AssumedParallel = 4;

    private readonly ServingTools _tools;
    private readonly Failure _stoppingFailure;
    private readonly SlotTable _slots;
    private readonly Dictionary<WorkerOwner, TaskCompletionSource> _ends = [];
    private readonly List<TaskCompletionSource> _ended = [];
    private readonly WorkerStarter _starter;
    private readonly WaiterService _waiters;
    private readonly ITimer _alarm;
    private readonly Random _jitter = new();
    private DateTimeOffset? _alarmAt;
    private bool _stopping;

    public Scheduler(ServingTools tools, Action<ServerMessage> post, Failure stoppingFailure)
    {
        (_tools, _stoppingFailure) = (tools, stoppingFailure);
        _slots = new SlotTable(tools);
        _starter = new WorkerStarter(tools, post);
        _waiters = new WaiterService(tools, post);
        _alarm = Clock.CreateTimer(_ => post(new ServerMessage.TimeIsUp()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>For readers on any thread.</summary>
    public IReadOnlyList<WorkerOwner> Owners => _starter.Owners;

    /// <summary>For readers on any thread.</summary>
    public IReadOnlyList<InstanceSnapshot> Instances => _slots.Snapshots;

    /// <summary>Asked to stop, and no process is left.</summary>
    public bool HasEnded => _stopping && Owners.Count == 0;

    private TimeProvider Clock => _tools.Workers.Times.Clock;

    public void Apply(ServerMessage message)
    {
        switch (message)
        {
            case ServerMessage.Acquire acquire:
                OnAcquire(acquire.Waiter);
                break;
            case ServerMessage.Load load:
                OnLoad(load.Waiter);
                break;
            case ServerMessage.Unload unload:
                unload.Reply.SetResult(OnUnload(unload.Name));
                break;
            case ServerMessage.ChangeDraft change:
                OnChangeDraft(change);
                break;
            case ServerMessage.GiveUp { Waiter: { Slot: { } slot } waiter } giveUp:
                slot.Dequeue(waiter);
                waiter.Cancel(giveUp.Token);
                SetAlarm(slot);
                break;
            case ServerMessage.Returned returned:
                OnReturned(returned.Lease);
                break;
            case ServerMessage.WorkerChanged changed when _slots.Of(changed.Owner) is { } slot:
                OnWorkerChanged(slot, changed.Owner);
                break;
            case ServerMessage.DraftChanged changed:
                OnDraftChanged(changed);
                break;
            case ServerMessage.RoomMade made:
                made.Slot.MakingRoom = false;
                StartWorker(made.Slot);
                break;
            case ServerMessage.WorkerEnded ended:
                OnWorkerEnded(ended.Owner);
                break;
            case ServerMessage.TimeIsUp:
                OnTimeIsUp();
                break;
            case ServerMessage.StopAll:
                OnStopAll();
                break;
            default:
                // News of a worker that has been replaced; the wish of somebody who has his answer.
                break;
        }
    }

    /// <summary>Nobody is left waiting because a message could not be handled.</summary>
    public static void Abandon(ServerMessage message, Failure failure)
    {
        switch (message)
        {
            case ServerMessage.Acquire { Waiter: { Result.IsCompleted: false } waiter }:
                waiter.Slot?.Dequeue(waiter);
                waiter.Refuse(failure);
                break;
            case ServerMessage.Load { Waiter: { Result.IsCompleted: false } waiter }:
                waiter.Slot?.Dequeue(waiter);
                waiter.Refuse(failure);
                break;
            case ServerMessage.Unload unload:
                unload.Reply.TrySetResult([]);
                break;
            case ServerMessage.ChangeDraft change:
                change.Reply.TrySetResult([Task.FromResult<Failure?>(failure)]);
                break;
        }
    }

    /// <summary>Shows readers and listeners what has changed. Call it whenever nothing more is to be done.</summary>
    public void Publish()
    {
        _slots.Publish();
        _ended.ForEach(told => told.SetResult());
        _ended.Clear();
    }

    public void Dispose() => _alarm.Dispose();

    private void OnAcquire(LeaseWaiter waiter)
    {
        if (_stopping)
        {
            waiter.Refuse(_stoppingFailure);
            return;
        }

        var request = waiter.Request;
        var key = request.Model.Key;
        var slot = _slots.Called(
            InstanceNames.Choose(
                key,
                request.InstanceId,
                [.. _slots.All.Where(slot => slot.ModelKey == key).Select(slot =>
                    new InstanceLoad(slot.InstanceId, slot is { Owner.Snapshot.Serves: true, Leaving: false }, slot.Leases + slot.Waiters.Count))]),
            key);
        // The worker works on so many at a time; the others wait, here or there.
        var parallel = (int?)slot.Owner?.Snapshot.Loaded?.Parallel ?? AssumedParallel;
        if (slot.Waiters.Count + slot.Leases >= parallel + _tools.Options().QueueLength)
        {
            waiter.Refuse(new Failure(
                FailureCodes.QueueFull,
                $"{slot.Waiters.Count + slot.Leases} requests for {slot.InstanceId} are waiting or running already.",
                NextStep: "Try again later.",
                RetryAfter: TimeSpan.FromSeconds(1)));
            return;
        }

        slot.Enqueue(waiter);
        Advance(slot);
    }

    private void OnLoad(LoadWaiter waiter)
    {
        if (_stopping)
        {
            waiter.Refuse(_stoppingFailure);
            return;
        }

        var key = waiter.Request.Model.Key;
        var taken = _slots.All.Where(slot => !slot.IsEmpty).Select(slot => slot.InstanceId).ToHashSet();
        var slot = _slots.Called(InstanceNames.Free(key, taken), key);
        (slot.ByUser, slot.Ttl, slot.Wanted) = (true, waiter.Request.Ttl, waiter.Request);
        // Somebody wants it now and may have mended what was wrong.
        slot.Crashes = CrashHistory.None;
        slot.Enqueue(waiter);
        Advance(slot);
    }

    private List<(string InstanceId, Task Ended)> OnUnload(string name)
    {
        // The first instance of a model has the model's name.
        var slots = _slots.ById.GetValueOrDefault(name) is { IsEmpty: false } one
            ? [one]
            : _slots.All.Where(slot => slot.ModelKey == name && !slot.IsEmpty).ToList();
        var ending = new List<(string, Task)>();
        foreach (var slot in slots)
        {
            slot.RefuseAll(new Failure(FailureCodes.ModelUnloaded, $"{slot.InstanceId} was unloaded by the user.", NextStep: "Ask again to load it again."));
            slot.Restart = false;
            ending.Add((slot.InstanceId, slot.Owner is { } owner ? EndOf(owner) : Task.CompletedTask));
            slot.Dismiss(StopCause.UnloadedByUser);
        }

        return ending;
    }

    private void OnChangeDraft(ServerMessage.ChangeDraft change)
    {
        var changes = new List<Task<Failure?>>();
        foreach (var slot in _slots.All.Where(slot => slot.ModelKey == change.ModelKey && slot is { Owner: not null, Leaving: false }).ToList())
        {
            var waiter = new DraftWaiter(change.Draft);
            changes.Add(waiter.Result);
            slot.Enqueue(waiter);
            Advance(slot);
        }

        change.Reply.SetResult(changes);
    }

    private void OnReturned(WorkerLease lease)
    {
        lease.Owner.Leave(lease.Completed);
        _tools.OnRequest(lease.Owner.Plan.Order.InstanceId, lease.WorkerId, lease.UsesDraft ? lease.Loaded.Draft?.Key : null, lease.Completed);
        // A lease on a worker that has been replaced counts for nobody.
        if (_slots.Of(lease.Owner) is not { } slot)
            return;
        slot.Leases--;
        slot.DraftLeases -= lease.UsesDraft ? 1 : 0;
        slot.LastUsed = Clock.GetUtcNow();
        if (lease.Completed && lease.Owner.Snapshot.Serves)
            slot.Crashes = CrashHistory.None;
        Advance(slot);
        UnloadSurplus();
    }

    private void OnWorkerChanged(ModelSlot slot, WorkerOwner owner)
    {
        var snapshot = owner.Snapshot;
        if (snapshot is { State: WorkerState.Faulted, ReadyAt: null } && _tools.Planner.FindsAnotherRuntime(owner.Plan, snapshot.Fault!.Failure))
        {
            // Whoever waits gets a worker on the runtime before.
            slot.Replace(null);
        }
        else if (snapshot.State == WorkerState.Faulted)
        {
            OnFault(slot, snapshot);
        }
        else if (snapshot.State == WorkerState.Stopped)
        {
            slot.Forget();
        }
        else if (snapshot.State == WorkerState.Ready)
        {
            _tools.Planner.OnLoaded(owner.Plan);
            // Whoever gave up waiting asks again: his model is newer than what was used while it was loaded.
            if (slot.LastUsed < snapshot.ReadyAt)
                slot.LastUsed = snapshot.ReadyAt.Value;
        }

        Advance(slot);
        UnloadSurplus();
    }

    private void UnloadSurplus()
    {
        foreach (var id in Eviction.Surplus(_slots.All.Select(slot => slot.Running), _tools.Options().IdleModelsKept))
            _slots.ById[id].Dismiss(StopCause.Evicted);
    }

    private void OnFault(ModelSlot slot, WorkerSnapshot snapshot)
    {
        var now = Clock.GetUtcNow();
        var (fault, served) = (snapshot.Fault!, snapshot.Completed > 0);
        if (!fault.Refused)
            slot.Crashes = RestartPolicy.AfterCrash(slot.Crashes, served, fault.Failure, now, _jitter.NextDouble());
        slot.RememberFault(fault.Failure, now);
        slot.Replace(null);
        // Whoever loaded it wants it back without asking again, once it was seen to work.
        slot.Restart = slot.ByUser && served && !fault.Refused;
        slot.ByUser &= snapshot.ReadyAt is not null;
        slot.RefuseAll(WithRetry(slot, fault.Failure));
    }

    private void OnDraftChanged(ServerMessage.DraftChanged changed)
    {
        if (changed.Waiter is { } user)
        {
            if (changed.Result is DraftChange.Failed refusal)
                user.Refuse(refusal.Failure);
            else
                user.Changed();
        }

        if (_slots.Of(changed.Owner) is not { } slot)
            return;
        slot.ChangingDraft = false;
        if (changed is { Result: DraftChange.Failed failed, DraftKey: { } key })
            slot.RememberDraftFailure(key, failed.Failure);
        Advance(slot);
    }

    private void OnWorkerEnded(WorkerOwner owner)
    {
        _starter.Forget(owner);
        if (_ends.Remove(owner, out var told))
            _ended.Add(told);
        AdvanceAll();
    }

    /// <summary>Completes when a worker is gone and readers see that it is.</summary>
    private Task EndOf(WorkerOwner owner)
    {
        if (!_ends.TryGetValue(owner, out var told))
            _ends[owner] = told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return told.Task;
    }

    private void OnTimeIsUp()
    {
        _alarmAt = null;
        var options = _tools.Options();
        var (over, _) = IdleUnload.Plan(_slots.All.Where(slot => slot.IsIdle).Select(slot => (slot, slot.LastUsed, IdleUnload.TtlOf(slot, options))), Clock.GetUtcNow());
        foreach (var slot in over)
            slot.Dismiss(StopCause.Idle);
        AdvanceAll();
    }

    private void OnStopAll()
    {
        _stopping = true;
        foreach (var slot in _slots.All)
        {
            slot.RefuseAll(_stoppingFailure);
            slot.Dismiss(StopCause.SupervisorStops);
        }
    }

    private void AdvanceAll()
    {
        foreach (var slot in _slots.All)
            Advance(slot);
    }

    /// <summary>Does what can be done for an instance now: serve its waiters, start its worker, refuse, or wait for the next message.</summary>
    private void Advance(ModelSlot slot)
    {
        if (slot.Owner is { } owner)
        {
            if (owner.Snapshot.Serves && !slot.Leaving)
                _waiters.Serve(slot, owner);
        }
        else
        {
            foreach (var change in slot.Waiters.OfType<DraftWaiter>().ToList())
            {
                // Nothing is loaded any more: the next load has the new draft anyway.
                slot.Dequeue(change);
                change.Changed();
            }

            if ((slot.Waiters.Count > 0 || slot.Restart) && !slot.MakingRoom && !_stopping)
                MakeRoom(slot);
        }

        SetAlarm(slot);
    }

    private void MakeRoom(ModelSlot slot)
    {
        slot.Wanted = WorkerStarter.WantedBy(slot);
        var refusal = RestartPolicy.WaitBeforeStart(slot.Crashes, Clock.GetUtcNow()) > TimeSpan.Zero
            ? WithRetry(slot, slot.Crashes.Cause!)
            : _starter.MakeRoom(slot, _slots.ById);
        if (refusal is null)
            return;
        slot.Restart = false;
        slot.RefuseAll(refusal);
    }

    private void StartWorker(ModelSlot slot)
    {
        if (slot.Owner is not null || _stopping || (slot.Waiters.Count == 0 && !slot.Restart))
            return;
        if (slot.LastFault is not null)
            slot.Restarts++;
        slot.Restart = false;
        slot.LastUsed = Clock.GetUtcNow();
        if (_starter.Start(slot) is { } refusal)
            slot.RefuseAll(refusal);
    }

    /// <summary>Sees to it that somebody looks again when a wait or an idle time of this instance is over.</summary>
    private void SetAlarm(ModelSlot slot)
    {
        var options = _tools.Options();
        var at = slot.IsIdle
            ? slot.LastUsed + IdleUnload.TtlOf(slot, options)
            : slot.Waiters.OfType<LeaseWaiter>().Min(waiter => waiter.PlainFrom);
        var now = Clock.GetUtcNow();
        if (at is null || at >= _alarmAt || (at <= now && !slot.IsIdle))
            return;
        _alarmAt = at;
        _alarm.Change(at.Value > now ? at.Value - now : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private Failure WithRetry(ModelSlot slot, Failure cause)
    {
        var wait = RestartPolicy.WaitBeforeStart(slot.Crashes, Clock.GetUtcNow());
        return wait > TimeSpan.Zero ? cause with { RetryAfter = TimeSpan.FromSeconds(Math.Ceiling(wait.TotalSeconds)) } : cause;
    }
}
