using Grpc.Core;
using Tandem.Host.Models;
using Tandem.Host.Workers;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>A lease on a local owner's worker. What it shows is the worker as it was when the lease was granted.</summary>
internal sealed class WorkerLease(
    ModelEntry model, WorkerOwner owner, bool usesDraft, string? draftNote, WorkerTimes times, Action<WorkerLease> giveBack) : Lease
{
    private readonly WorkerSnapshot _snapshot = owner.Snapshot;
    private readonly WorkerChannel _connection = owner.Connection!.Hold();
    private int _disposed;
    private volatile bool _failed;

    public WorkerOwner Owner => owner;

    /// <summary>Another draft must wait until it is given back.</summary>
    public bool UsesDraft => usesDraft;

    /// <summary>No call of this lease failed.</summary>
    public bool Completed => !_failed;

    public override string WorkerId => _snapshot.WorkerId;

    public override ModelEntry Model => model;

    public override RuntimeInfo Runtime => owner.Plan.Order.Runtime;

    public override LoadedModel Loaded => _snapshot.Loaded!;

    public override string? DraftNote => draftNote;

    public override Engine.EngineClient Client => _connection.Client;

    public override CallOptions CallOptions(CancellationToken cancellationToken) => _connection.Options(cancellationToken);

    public override bool Can(string capability) => _snapshot.Handshake!.Capabilities.Contains(capability);

    public override Failure? Check(GenerateRequest request) =>
        SettingNames.Check(SettingNames.Of(request), _snapshot.Handshake!.Settings.ToHashSet(), _snapshot.EngineId);

    public override async Task<Failure> ExplainAsync(RpcException exception)
    {
        _failed = true;
        var failure = owner.Snapshot.Fault?.Failure ?? await WorkerCalls.ExplainAsync(exception, owner.Process!, times);
        if (owner.Snapshot.Fault is not null || owner.Process!.Exited.IsCompleted)
            await owner.GivenUp;
        if (owner.Snapshot.Fault is { } fault)
            return fault.Failure;
        // What a stop ended is no crash; nor is what came when the worker had been told of it.
        var refusal = WorkerCalls.RefusalOf(exception);
        return owner.Snapshot.StopCause is { } cause && refusal is null or { Code: WorkerContract.Draining }
            ? new Failure(FailureCodes.ModelUnloaded, $"The model was unloaded {(refusal is null ? "while" : "before")} it answered ({Words(cause)}).", NextStep: "Ask again.")
            : failure;
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _connection.Dispose();
        giveBack(this);
    }

    private static string Words(StopCause cause) => cause switch
    {
        StopCause.Evicted => "another model needed the room",
        StopCause.UnloadedByUser => "by the user",
        StopCause.Idle => "nobody used it",
        _ => "Tandem is stopping",
    };
}
