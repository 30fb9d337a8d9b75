using Tandem.Host.Models;
using Tandem.Host.Workers;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>A user's wish to have a model loaded, with everything that can be said about it.</summary>
/// <param name="Draft">Null: no draft.</param>
public sealed record LoadRequest(ModelEntry Model, ModelEntry? Draft)
{
    /// <summary>What was set of the load configuration; the rest has the engine's defaults.</summary>
    public LoadSettings? Settings { get; init; }

    /// <inheritdoc cref="Settings"/>
    public LoadSettings? DraftSettings { get; init; }

    /// <summary>Unloaded after so long without use; null: it stays until it is unloaded.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Id of the runtime it gets; null: the one that is selected.</summary>
    public string? RuntimeId { get; init; }
}

/// <summary>Outcome of loading a model for a user.</summary>
public abstract record LoadResult
{
    public sealed record Loaded(InstanceSnapshot Instance) : LoadResult;

    public sealed record Refused(Failure Failure) : LoadResult;
}

/// <summary>Outcome of unloading.</summary>
public abstract record UnloadResult
{
    /// <param name="InstanceIds">What was unloaded; nothing of it is left in memory.</param>
    public sealed record Unloaded(IReadOnlyList<string> InstanceIds) : UnloadResult;

    public sealed record Refused(Failure Failure) : UnloadResult;
}

/// <summary>A loaded model, or one that is being loaded or has crashed, at one moment. Immutable.</summary>
public sealed record InstanceSnapshot
{
    /// <summary>The model's key; the second instance of a model has <c>:2</c> behind it, and so on.</summary>
    public required string InstanceId { get; init; }
    public required string ModelKey { get; init; }

    /// <summary>Null when there is no process: it has crashed and waits for the next request.</summary>
    public WorkerSnapshot? Worker { get; init; }

    /// <summary>Loaded by a user: it is not evicted, and only a <see cref="Ttl"/> of its own unloads it.</summary>
    public bool ByUser { get; init; }

    /// <summary>Unloaded after so long without use; null: never.</summary>
    public TimeSpan? Ttl { get; init; }
    public DateTimeOffset LastUsed { get; init; }
    public int Waiting { get; init; }
    public int Leases { get; init; }

    /// <summary>Workers started for it after one had failed.</summary>
    public int Restarts { get; init; }
    public Failure? LastFault { get; init; }
    public DateTimeOffset? LastFaultAt { get; init; }

    /// <summary>After a crash: not started before this.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Memory it was expected to take, draft included; 0: not known.</summary>
    public long EstimatedBytes { get; init; }

    /// <summary>Nothing of it is left: listeners hear of it for the last time.</summary>
    public bool Gone { get; init; }
}
