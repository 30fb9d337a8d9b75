using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>Where a worker is in its life; the transitions are in <c>design.md</c>.</summary>
public enum WorkerState
{
    /// <summary>Nothing has been started.</summary>
    Absent,
    Spawning,
    Handshaking,
    Loading,

    /// <summary>Serves, with nothing to do.</summary>
    Ready,

    /// <summary>Serves at least one lease.</summary>
    Busy,

    /// <summary>Takes no more leases; running ones may finish.</summary>
    Draining,

    /// <summary>The stop ladder runs.</summary>
    Stopping,

    /// <summary>Ended because it was asked to.</summary>
    Stopped,

    /// <summary>Ended, or never began to serve, because something failed.</summary>
    Faulted,
}

/// <summary>Why a worker was stopped.</summary>
public enum StopCause
{
    /// <summary>Another model needed the room.</summary>
    Evicted,
    UnloadedByUser,

    /// <summary>Nobody used it for as long as it may be idle.</summary>
    Idle,
    SupervisorStops,
}

/// <summary>Why a worker does not serve.</summary>
/// <param name="Refused">
/// The worker answered and said no (a bad file, not enough memory): the same again will fail the same, but nothing crashed.
/// </param>
public sealed record WorkerFault(Failure Failure, bool Refused);

/// <summary>A worker at one moment. Immutable; of two snapshots the one with the higher revision is newer.</summary>
public sealed record WorkerSnapshot
{
    public required string WorkerId { get; init; }
    public required string ModelKey { get; init; }
    public required string InstanceId { get; init; }
    public required string EngineId { get; init; }
    public required string RuntimeId { get; init; }
    public long Revision { get; init; }
    public WorkerState State { get; init; }

    /// <summary>Null before the process is there.</summary>
    public int? Pid { get; init; }

    /// <summary>Of the load, 0 to 1.</summary>
    public double Progress { get; init; }
    public LoadProgress.Types.Phase Phase { get; init; }

    /// <summary>Leases held now.</summary>
    public int Leases { get; init; }

    /// <summary>Leases given back after a call that did not fail.</summary>
    public long Completed { get; init; }

    /// <summary>What the worker can do and which settings it takes; null before the handshake.</summary>
    public HandshakeResponse? Handshake { get; init; }

    /// <summary>Facts of the load, with the draft that is attached now; null before.</summary>
    public LoadedModel? Loaded { get; init; }

    /// <summary>What it said of itself last; null before.</summary>
    public StatsResponse? Stats { get; init; }

    /// <summary>Key of the draft that is attached now.</summary>
    public string? DraftKey { get; init; }

    /// <summary>Present when <see cref="State"/> is <see cref="WorkerState.Faulted"/>.</summary>
    public WorkerFault? Fault { get; init; }

    /// <summary>Present once it was asked to stop.</summary>
    public StopCause? StopCause { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? ReadyAt { get; init; }

    public bool Serves => State is WorkerState.Ready or WorkerState.Busy;

    /// <summary>Nothing will happen to it any more.</summary>
    public bool IsFinal => State is WorkerState.Stopped or WorkerState.Faulted;
}

/// <summary>Outcome of changing the draft of a worker.</summary>
internal abstract record DraftChange
{
    /// <param name="Draft">Null: it was removed.</param>
    public sealed record Changed(DraftInfo? Draft) : DraftChange;

    /// <summary>Main model and earlier draft are as they were.</summary>
    public sealed record Failed(Failure Failure) : DraftChange;
}
