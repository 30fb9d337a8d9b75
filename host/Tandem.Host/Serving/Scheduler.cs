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
    private readonly Action<ServerMessage> _post;
    private readonly Failure _stoppingFailure;
    private readonly Dictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<WorkerOwner, TaskCompletionSource> _ends = [];
    private readonly List<TaskCompletionSource> _ended = [];
    private readonly WorkerStarter _starter;
    private readonly ITimer _alarm;
    private readonly Random _jitter = new();
    private DateTimeOffset? _alarmAt;
    private bool _stopping;
    private volatile InstanceSnapshot[] _instances = [];

    public Scheduler(ServingTools tools, Action<ServerMessage> post, Failure stoppingFailure)
    {
        (_tools, _post, _stoppingFailure) = (tools, post, stoppingFailure);
        _starter = new WorkerStarter(tools, post);
        _alarm = Clock.CreateTimer(_ => post(new ServerMessage.TimeIsUp()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>For readers on any thread.</summary>
    public IReadOnlyList<WorkerOwner> Owners => _starter.Owners;

    /// <summary>For readers on any thread.</summary>
    public IReadOnlyList<InstanceSnapshot> Instances => _instances;

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
            case ServerMessage.WorkerChanged changed when SlotOf(changed.Owner) is { } slot:
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

    /// <summary>Shows readers and listeners what has changed, and forgets instances of which nothing is left. Call it whenever nothing more is to be done.</summary>
    public void Publish()
    {
        foreach (var slot in _slots.Values.Where(slot => slot.IsEmpty && (slot.Crashes == CrashHistory.None || slot.InstanceId != slot.ModelKey)).ToList())
            _slots.Remove(slot.InstanceId);
        var options = _tools.Options();
        var before = _instances.ToDictionary(instance => instance.InstanceId);
        InstanceSnapshot[] now = [.. _slots.Values.Select(slot => slot.Snapshot(options)).OrderBy(instance => instance.InstanceId, StringComparer.Ordinal)];
        _instances = now;
        foreach (var instance in now)
        {
            if (!before.Remove(instance.InstanceId, out var old) || old != instance)
                _tools.OnChange(instance);
        }

        foreach (var gone in before.Values)
            _tools.OnChange(gone with { Worker = null, Leases = 0, Waiting = 0, LastFault = null, Gone = true });
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
        var slot = SlotCalled(
            InstanceNames.Choose(
                key,
                request.InstanceId,
                [.. _slots.Values.Where(slot => slot.ModelKey == key).Select(slot =>
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
        var taken = _slots.Values.Where(slot => !slot.IsEmpty).Select(slot => slot.InstanceId).ToHashSet();
        var slot = SlotCalled(InstanceNames.Free(key, taken), key);
        (slot.ByUser, slot.Ttl, slot.Wanted) = (true, waiter.Request.Ttl, waiter.Request);
        // Somebody wants it now and may have mended what was wrong.
        slot.Crashes = CrashHistory.None;
        slot.Enqueue(waiter);
        Advance(slot);
    }

    private List<(string InstanceId, Task Ended)> OnUnload(string name)
    {
        // The first instance of a model has the model's name.
        var slots = _slots.GetValueOrDefault(name) is { IsEmpty: false } one
            ? [one]
            : _slots.Values.Where(slot => slot.ModelKey == name && !slot.IsEmpty).ToList();
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
        foreach (var slot in _slots.Values.Where(slot => slot.ModelKey == change.ModelKey && slot is { Owner: not null, Leaving: false }).ToList())
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
        if (SlotOf(lease.Owner) is not { } slot)
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
        foreach (var id in Eviction.Surplus(_slots.Values.Select(slot => slot.Running), _tools.Options().IdleModelsKept))
            _slots[id].Dismiss(StopCause.Evicted);
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

        if (SlotOf(changed.Owner) is not { } slot)
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
        var (over, _) = IdleUnload.Plan(_slots.Values.Where(slot => slot.IsIdle).Select(slot => (slot, slot.LastUsed, IdleUnload.TtlOf(slot, options))), Clock.GetUtcNow());
        foreach (var slot in over)
            slot.Dismiss(StopCause.Idle);
        AdvanceAll();
    }

    private void OnStopAll()
    {
        _stopping = true;
        foreach (var slot in _slots.Values)
        {
            slot.RefuseAll(_stoppingFailure);
            slot.Dismiss(StopCause.SupervisorStops);
        }
    }

    private void AdvanceAll()
    {
        foreach (var slot in _slots.Values)
            Advance(slot);
    }

    /// <summary>Does what can be done for an instance now: serve its waiters, start its worker, refuse, or wait for the next message.</summary>
    private void Advance(ModelSlot slot)
    {
        if (slot.Owner is { } owner)
        {
            if (owner.Snapshot.Serves && !slot.Leaving)
                Serve(slot, owner);
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
            : _starter.MakeRoom(slot, _slots);
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

    private void Serve(ModelSlot slot, WorkerOwner owner)
    {
        var now = Clock.GetUtcNow();
        for (var node = slot.Waiters.First; node is not null;)
        {
            var (waiter, next) = (node.Value, node.Next);
            switch (waiter)
            {
                case LoadWaiter load:
                    slot.Dequeue(load);
                    slot.LastUsed = now;
                    load.Loaded(slot.Snapshot(_tools.Options()));
                    break;
                case DraftWaiter change when !slot.ChangingDraft:
                    slot.Dequeue(change);
                    ChangeDraft(slot, owner, change.Draft, change);
                    break;
                case LeaseWaiter lease:
                    Serve(slot, owner, lease, now);
                    break;
            }

            node = next;
        }
    }

    private void Serve(ModelSlot slot, WorkerOwner owner, LeaseWaiter waiter, DateTimeOffset now)
    {
        var wanted = waiter.Request.Draft;
        switch (DraftChoice.For(wanted, slot, owner.Snapshot, waiter.PlainFrom <= now))
        {
            case DraftChoice.Attach:
                ChangeDraft(slot, owner, wanted, null);
                break;
            case DraftChoice.Wait when !slot.ChangingDraft:
                waiter.PlainFrom ??= now + _tools.Options().SpeculationWait;
                break;
            case DraftChoice.Refuse refuse:
                slot.Dequeue(waiter);
                waiter.Refuse(refuse.Failure);
                break;
            case DraftChoice.Serve serve:
                slot.Dequeue(waiter);
                slot.Leases++;
                var usesDraft = wanted is not null && serve.Note is null;
                slot.DraftLeases += usesDraft ? 1 : 0;
                if (!slot.ByUser)
                    slot.Ttl = waiter.Request.Ttl ?? slot.Ttl;
                owner.Enter();
                _tools.OnRequest(slot.InstanceId, owner.Snapshot.WorkerId, usesDraft ? wanted!.Key : null, null);
                waiter.Grant(new WorkerLease(waiter.Request.Model, owner, usesDraft, serve.Note, _tools.Workers.Times, lease => _post(new ServerMessage.Returned(lease))));
                break;
        }
    }

    private void ChangeDraft(ModelSlot slot, WorkerOwner owner, Models.ModelEntry? draft, DraftWaiter? user)
    {
        slot.ChangingDraft = true;
        _ = ChangeAsync();

        async Task ChangeAsync() => _post(new ServerMessage.DraftChanged(
            owner, draft?.Key, await owner.ChangeDraftAsync(draft is null ? null : _tools.Planner.DraftOf(draft, slot.Wanted?.DraftSettings ?? slot.Wanted?.Model.Defaults.DraftLoad, owner.Plan)), user));
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

    private ModelSlot SlotCalled(string instanceId, string modelKey)
    {
        if (!_slots.TryGetValue(instanceId, out var slot))
            _slots[instanceId] = slot = new ModelSlot(instanceId, modelKey);
        return slot;
    }

    private ModelSlot? SlotOf(WorkerOwner owner) =>
        _slots.GetValueOrDefault(owner.Plan.Order.InstanceId) is { } slot && slot.Owner == owner ? slot : null;

    private Failure WithRetry(ModelSlot slot, Failure cause)
    {
        var wait = RestartPolicy.WaitBeforeStart(slot.Crashes, Clock.GetUtcNow());
        return wait > TimeSpan.Zero ? cause with { RetryAfter = TimeSpan.FromSeconds(Math.Ceiling(wait.TotalSeconds)) } : cause;
    }
}
