using Grpc.Core;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Asks for a worker that serves a model, with the draft that goes with it.</summary>
/// <param name="Draft">Null: no draft is wanted.</param>
public sealed record LeaseRequest(ModelEntry Model, ModelEntry? Draft)
{
    /// <summary>The instance asked for, e.g. <c>key:2</c>; null: any of the model.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Unloads a model that was loaded on demand after so long without use; null: as before.</summary>
    public TimeSpan? Ttl { get; init; }
}

/// <summary>Outcome of asking for a worker.</summary>
public abstract record LeaseResult
{
    public sealed record Granted(Lease Lease) : LeaseResult;

    public sealed record Refused(Failure Failure) : LeaseResult;
}

/// <summary>The right to use a worker; the worker is not stopped or evicted while one is held. Dispose to give it back.</summary>
public abstract class Lease : IDisposable
{
    public abstract string WorkerId { get; }
    public abstract ModelEntry Model { get; }
    public abstract RuntimeInfo Runtime { get; }

    /// <summary>Facts of the load, among them the draft that is attached now (null when none is).</summary>
    public abstract LoadedModel Loaded { get; }

    /// <summary>Why the draft asked for is not in use; null when it is.</summary>
    public abstract string? DraftNote { get; }

    /// <summary>Client of the worker; every call takes <see cref="CallOptions"/>, which carries the instance token.</summary>
    public abstract Engine.EngineClient Client { get; }

    public abstract CallOptions CallOptions(CancellationToken cancellationToken);

    /// <summary>Whether the worker has a capability of <c>HandshakeResponse.capabilities</c>.</summary>
    public virtual bool Can(string capability) => true;

    /// <summary>
    /// A failure naming the first setting of a request that the worker does not know, null when it knows all. Ask before sending:
    /// a worker is never sent a setting it has not named.
    /// </summary>
    public virtual Failure? Check(GenerateRequest request) => null;

    /// <summary>Turns what a call threw into a failure: the worker's own refusal, or its exit explained (waits briefly for it).</summary>
    public abstract Task<Failure> ExplainAsync(RpcException exception);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
