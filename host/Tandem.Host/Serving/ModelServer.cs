using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tandem.Host.Models;
using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>Bytes of memory that can be had now.</summary>
public delegate long AvailableMemory();

/// <summary>Told of every change of an instance; returns at once.</summary>
public delegate void InstanceChanged(InstanceSnapshot instance);

/// <summary>Told of every request that gets a worker, and of its end; returns at once.</summary>
/// <param name="completed">Null: it begins. Else whether all its calls came to their end.</param>
public delegate void RequestChanged(string instanceId, string workerId, string? draftKey, bool? completed);

/// <summary>What a <see cref="ModelServer"/> works with.</summary>
/// <param name="Options">Read anew for every decision.</param>
internal sealed record ServingTools(
    WorkerPlanner Planner, WorkerTools Workers, Func<ServingOptions> Options, AvailableMemory Memory, InstanceChanged OnChange, ILogger Logger)
{
    public RequestChanged OnRequest { get; init; } = (_, _, _, _) => { };
}

/// <summary>
/// Gives requests the worker they need: loaded on demand or by a user, kept while it is used. One loop decides everything
/// (<see cref="Scheduler"/>); slow work (loads, drafts, stops) belongs to the workers' owners and comes back as messages. Every request
/// ends exactly once.
/// </summary>
public sealed class ModelServer : IAsyncDisposable
{
    private static readonly Failure Stopping = new(FailureCodes.ModelUnloaded, "Tandem is stopping.", NextStep: "Start it again.");

    private readonly Channel<ServerMessage> _inbox =
        Channel.CreateUnbounded<ServerMessage>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ServingTools _tools;
    private readonly Scheduler _scheduler;
    private readonly Task _loop;

    internal ModelServer(ServingTools tools)
    {
        _tools = tools;
        _scheduler = new Scheduler(tools, message => _inbox.Writer.TryWrite(message), Stopping);
        _loop = RunAsync();
    }

    /// <summary>All worker processes there are now, also those on their way out.</summary>
    public IReadOnlyList<WorkerSnapshot> Workers => [.. _scheduler.Owners.Select(owner => owner.Snapshot)];

    /// <summary>Models that are loaded, are being loaded or have crashed.</summary>
    public IReadOnlyList<InstanceSnapshot> Instances => _scheduler.Instances;

    /// <summary>The last lines that a worker wrote, oldest first; null when there is none of that id.</summary>
    public IReadOnlyList<string>? LogOf(string workerId) =>
        _scheduler.Owners.FirstOrDefault(owner => owner.Snapshot.WorkerId == workerId) is { } found ? found.Process?.LastLines ?? [] : null;

    /// <summary>
    /// Waits for a worker that has the model, loading it if need be. A draft that is not attached is attached as soon as no running request
    /// uses another; after <see cref="ServingOptions.SpeculationWait"/> the lease says in <see cref="Lease.DraftNote"/> why the answer will be plain.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled before a lease was granted.</exception>
    public async Task<LeaseResult> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        if (EngineMismatch(request.Model, request.Draft) is { } mismatch)
            return new LeaseResult.Refused(mismatch);
        var waiter = new LeaseWaiter(request);
        if (!_inbox.Writer.TryWrite(new ServerMessage.Acquire(waiter)))
            return new LeaseResult.Refused(Stopping);
        await using var registration = GivesUp(waiter, cancellationToken);
        return await waiter.Result;
    }

    /// <summary>
    /// Loads a model for a user: as a further instance if it is loaded already. It stays until it is unloaded or its time to live is over.
    /// Cancelling gives up the wait, not the load.
    /// </summary>
    public async Task<LoadResult> LoadAsync(LoadRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        if (EngineMismatch(request.Model, request.Draft) is { } mismatch)
            return new LoadResult.Refused(mismatch);
        var waiter = new LoadWaiter(request);
        if (!_inbox.Writer.TryWrite(new ServerMessage.Load(waiter)))
            return new LoadResult.Refused(Stopping);
        await using var registration = GivesUp(waiter, cancellationToken);
        return await waiter.Result;
    }

    /// <summary>
    /// Unloads an instance, or, when there is none of this name, all that a model has: running answers get a moment to finish. Waits until
    /// nothing is left of them.
    /// </summary>
    public async Task<UnloadResult> UnloadAsync(string name, CancellationToken cancellationToken)
    {
        var reply = new TaskCompletionSource<IReadOnlyList<(string InstanceId, Task Ended)>>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.Writer.TryWrite(new ServerMessage.Unload(name, reply)))
            return new UnloadResult.Refused(Stopping);
        var ending = await reply.Task;
        await Task.WhenAll(ending.Select(one => one.Ended)).WaitAsync(cancellationToken);
        return ending.Count > 0
            ? new UnloadResult.Unloaded([.. ending.Select(one => one.InstanceId)])
            : new UnloadResult.Refused(new Failure(FailureCodes.ModelNotFound, $"{name} is not loaded.", "model", "`tandem ps` lists what is."));
    }

    /// <summary>
    /// Changes the draft of every loaded instance of a model at its next step, whoever uses it; null removes it. Models that are not loaded
    /// are not touched.
    /// </summary>
    /// <returns>Why it failed (main model and earlier draft serve on); null when it did not.</returns>
    public async Task<Failure?> ChangeDraftAsync(ModelEntry model, ModelEntry? draft, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (EngineMismatch(model, draft) is { } mismatch)
            return mismatch;
        var reply = new TaskCompletionSource<IReadOnlyList<Task<Failure?>>>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.Writer.TryWrite(new ServerMessage.ChangeDraft(model.Key, draft, reply)))
            return Stopping;
        var changes = await reply.Task;
        return (await Task.WhenAll(changes).WaitAsync(cancellationToken)).FirstOrDefault(failure => failure is not null);
    }

    /// <summary>Refuses what waits and stops every worker, within <see cref="ServingOptions.StopAll"/>; nothing is left running.</summary>
    public async ValueTask DisposeAsync()
    {
        _inbox.Writer.TryWrite(new ServerMessage.StopAll());
        var bound = _tools.Options().StopAll;
        if (!await _tools.Workers.Times.EndsWithinAsync(_loop, bound))
            ServingLog.StopTooSlow(_tools.Logger, bound.TotalSeconds);
    }

    private async Task RunAsync()
    {
        await foreach (var message in _inbox.Reader.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                _scheduler.Apply(message);
            }
            catch (Exception exception)
            {
                ServingLog.OwnBug(_tools.Logger, exception, message.GetType().Name);
                Scheduler.Abandon(message, new Failure(FailureCodes.WorkerCrashed, $"The supervisor failed: {exception.Message}"));
            }

            if (_scheduler.HasEnded)
                _inbox.Writer.TryComplete();
            if (!_inbox.Reader.TryPeek(out _))
                _scheduler.Publish();
        }

        _scheduler.Dispose();
    }

    private CancellationTokenRegistration GivesUp(Waiter waiter, CancellationToken cancellationToken) =>
        cancellationToken.Register(() => _inbox.Writer.TryWrite(new ServerMessage.GiveUp(waiter, cancellationToken)));

    private static Failure? EngineMismatch(ModelEntry model, ModelEntry? draft) => draft is null || draft.EngineId == model.EngineId
        ? null
        : new Failure(
            FailureCodes.DraftEngineMismatch,
            $"{draft.Key} runs on engine '{draft.EngineId}' and cannot draft for {model.Key}, which runs on '{model.EngineId}'.",
            "draft_model",
            $"Choose a draft of engine '{model.EngineId}'.");
}
