using Tandem.Host.Models;

namespace Tandem.Host.Serving;

/// <summary>Something in the queue of an instance. Completed once, by the server's loop alone.</summary>
internal abstract class Waiter
{
    /// <summary>The queue it is in; null before and after.</summary>
    public ModelSlot? Slot { get; set; }

    public abstract void Refuse(Failure failure);

    public abstract void Cancel(CancellationToken token);
}

/// <inheritdoc/>
internal abstract class Waiter<TResult>(Func<Failure, TResult> refused) : Waiter
{
    private readonly TaskCompletionSource<TResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Result => _result.Task;

    public override void Refuse(Failure failure) => Complete(refused(failure));

    public override void Cancel(CancellationToken token) => _result.TrySetCanceled(token);

    /// <summary>Throws when it was completed before: that would be a mistake of ours.</summary>
    protected void Complete(TResult result) => _result.SetResult(result);
}

/// <summary>A request that wants to use the worker.</summary>
internal sealed class LeaseWaiter(LeaseRequest request) : Waiter<LeaseResult>(failure => new LeaseResult.Refused(failure))
{
    public LeaseRequest Request => request;

    /// <summary>From then on it runs without the draft that it waits for; null: it does not wait for one.</summary>
    public DateTimeOffset? PlainFrom { get; set; }

    public void Grant(Lease lease) => Complete(new LeaseResult.Granted(lease));
}

/// <summary>A user who waits for a load.</summary>
internal sealed class LoadWaiter(LoadRequest request) : Waiter<LoadResult>(failure => new LoadResult.Refused(failure))
{
    public LoadRequest Request => request;

    public void Loaded(InstanceSnapshot instance) => Complete(new LoadResult.Loaded(instance));
}

/// <summary>A user's change of the draft; null removes it. The result is why it failed, null when it did not.</summary>
internal sealed class DraftWaiter(ModelEntry? draft) : Waiter<Failure?>(failure => failure)
{
    public ModelEntry? Draft => draft;

    public void Changed() => Complete(null);
}
