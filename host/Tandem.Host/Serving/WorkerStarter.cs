using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>The way from "an instance is wanted" to its worker: memory and room, then the start. Part of the server's loop.</summary>
internal sealed class WorkerStarter(ServingTools tools, Action<ServerMessage> post)
{
    private readonly List<WorkerOwner> _owners = [];
    private volatile WorkerOwner[] _published = [];

    /// <summary>All there are now, also those on their way out; for readers on any thread.</summary>
    public IReadOnlyList<WorkerOwner> Owners => _published;

    /// <summary>What is to be loaded: a user's wish, the first request's, or once more what was loaded before.</summary>
    public static LoadRequest? WantedBy(ModelSlot slot) =>
        slot.Waiters.OfType<LoadWaiter>().FirstOrDefault()?.Request
        ?? (slot.ByUser ? slot.Wanted : null)
        ?? (slot.Waiters.OfType<LeaseWaiter>().FirstOrDefault()?.Request is { } request ? new LoadRequest(request.Model, request.Draft) : slot.Wanted);

    /// <summary>
    /// Unloads what must go before the instance can be loaded; <see cref="ServerMessage.RoomMade"/> follows when the memory is free.
    /// </summary>
    /// <returns>Why it cannot be loaded; null when it can.</returns>
    public Failure? MakeRoom(ModelSlot slot, IReadOnlyDictionary<string, ModelSlot> slots)
    {
        var options = tools.Options();
        if (!options.JitLoading && !slot.ByUser)
        {
            return new Failure(FailureCodes.ModelNotFound, $"{slot.ModelKey} is not loaded, and loading on demand is switched off.", "model",
                $"Load it: tandem load {slot.ModelKey}");
        }

        slot.Bytes = tools.Planner.Estimate(slot.Wanted!);
        var others = slots.Values.Where(other => other.Owner is not null && other != slot).ToList();
        // What is just being loaded has not taken its memory yet.
        var available = tools.Memory() - others.Where(other => !other.Owner!.Snapshot.Serves && !other.Leaving).Sum(other => other.Bytes);
        var plan = Eviction.Plan(
            new WantedModel(slot.InstanceId, slot.ByUser, options.MemoryGuard ? slot.Bytes : 0),
            others.Select(other => other.Running),
            options.IdleModelsKept,
            available);
        if (plan.MissingBytes > 0)
            return Insufficient(slot, plan.MissingBytes, others.Count > 0);
        foreach (var id in plan.Going)
            slots[id].Dismiss(StopCause.Evicted);
        // What a worker on its way out still holds must be free before the next one takes it, a crashed one's too.
        var staying = others.Where(other => !other.Leaving).Select(other => other.Owner);
        slot.MakingRoom = true;
        Then(Task.WhenAll(_owners.Except(staying).Select(owner => owner!.Ended)), new ServerMessage.RoomMade(slot));
        return null;
    }

    /// <returns>Why there is no worker; null when there is.</returns>
    public Failure? Start(ModelSlot slot)
    {
        var result = tools.Planner.Plan(slot.Wanted!, slot.InstanceId);
        if (result is PlanResult.Refused refused)
            return refused.Failure;
        var owner = new WorkerOwner(((PlanResult.Planned)result).Plan, tools.Workers, changed => post(new ServerMessage.WorkerChanged(changed)));
        slot.Replace(owner);
        _owners.Add(owner);
        _published = [.. _owners];
        Then(owner.Ended, new ServerMessage.WorkerEnded(owner));
        owner.Start();
        return null;
    }

    public void Forget(WorkerOwner owner)
    {
        _owners.Remove(owner);
        _published = [.. _owners];
        // Here and not earlier: this loop grants the leases, and none is granted on a connection that is closed.
        _ = owner.DisposeAsync().AsTask();
    }

    private void Then(Task task, ServerMessage message) =>
        _ = task.ContinueWith(_ => post(message), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    private static Failure Insufficient(ModelSlot slot, long missing, bool othersRun)
    {
        const double Gigabyte = 1e9;
        var (need, lack) = (slot.Bytes / Gigabyte, missing / Gigabyte);
        return new Failure(
            FailureCodes.InsufficientMemory,
            $"{slot.InstanceId} needs about {need:0.##} GB{(slot.Wanted!.Draft is { } draft ? $" with its draft {draft.Key}" : "")}, and {lack:0.##} GB of it are not free.",
            NextStep: othersRun
                ? "Unload another model (tandem unload), or choose a smaller model or context."
                : "Close other programs, or choose a smaller model, context or quantisation.",
            RetryAfter: othersRun ? TimeSpan.FromSeconds(10) : null);
    }
}
