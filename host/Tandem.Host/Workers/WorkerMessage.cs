using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>What the loop of a <see cref="WorkerOwner"/> reacts to: requests from outside, and results of the slow work it started.</summary>
internal abstract record WorkerMessage
{
    public sealed record Start : WorkerMessage;

    public sealed record Spawned(WorkerStart Result) : WorkerMessage;

    public sealed record Handshaken(HandshakeResult Result) : WorkerMessage;

    public sealed record Progressed(LoadProgress Progress) : WorkerMessage;

    public sealed record Loaded(LoadOutcome Result) : WorkerMessage;

    public sealed record Entered : WorkerMessage;

    public sealed record Left(bool Completed) : WorkerMessage;

    public sealed record ChangeDraft(DraftModel? Draft, TaskCompletionSource<DraftChange> Reply) : WorkerMessage;

    public sealed record DraftChanged(DraftChange Result, string? Key, TaskCompletionSource<DraftChange> Reply) : WorkerMessage;

    /// <summary>It was asked how it does.</summary>
    public sealed record Seen(StatsResponse Stats) : WorkerMessage;

    /// <summary>It neither works nor answers.</summary>
    public sealed record Hung(Failure Failure) : WorkerMessage;

    public sealed record Stop(StopCause Cause) : WorkerMessage;

    public sealed record Drained : WorkerMessage;

    public sealed record Exited(WorkerExit Exit) : WorkerMessage;

    /// <summary>The stop ladder has run; the group is gone.</summary>
    public sealed record Gone : WorkerMessage;
}

/// <summary>Outcome of loading a model.</summary>
internal abstract record LoadOutcome
{
    public sealed record Ready(LoadedModel Model) : LoadOutcome;

    public sealed record Failed(WorkerFault Fault) : LoadOutcome;
}
