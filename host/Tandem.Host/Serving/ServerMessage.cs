using Tandem.Host.Models;
using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>What the loop of <see cref="ModelServer"/> reacts to.</summary>
internal abstract record ServerMessage
{
    public sealed record Acquire(LeaseWaiter Waiter) : ServerMessage;

    public sealed record Load(LoadWaiter Waiter) : ServerMessage;

    /// <param name="Name">An instance, or a model: all its instances.</param>
    /// <param name="Reply">The instances that end and their ends; null when nothing of that name is loaded.</param>
    public sealed record Unload(string Name, TaskCompletionSource<IReadOnlyList<(string InstanceId, Task Ended)>> Reply) : ServerMessage;

    /// <param name="Reply">The changes that were begun, one per instance.</param>
    public sealed record ChangeDraft(string ModelKey, ModelEntry? Draft, TaskCompletionSource<IReadOnlyList<Task<Failure?>>> Reply) : ServerMessage;

    /// <summary>Its caller does not want it any more.</summary>
    public sealed record GiveUp(Waiter Waiter, CancellationToken Token) : ServerMessage;

    public sealed record Returned(WorkerLease Lease) : ServerMessage;

    public sealed record WorkerChanged(WorkerOwner Owner) : ServerMessage;

    public sealed record DraftChanged(WorkerOwner Owner, string? DraftKey, DraftChange Result, DraftWaiter? Waiter) : ServerMessage;

    public sealed record RoomMade(ModelSlot Slot) : ServerMessage;

    /// <summary>The worker's group is gone.</summary>
    public sealed record WorkerEnded(WorkerOwner Owner) : ServerMessage;

    /// <summary>Somebody has waited or been idle for as long as he may.</summary>
    public sealed record TimeIsUp : ServerMessage;

    public sealed record StopAll : ServerMessage;
}
