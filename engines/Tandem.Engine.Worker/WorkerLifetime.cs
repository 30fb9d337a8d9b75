using System.Diagnostics.CodeAnalysis;

namespace Tandem.Engine.Worker;

/// <summary>
/// The orderly end of a worker. SIGTERM from the supervisor and the service's answer to <c>Shutdown</c> both come here;
/// <see cref="WorkerServer"/> then lets running calls finish and <c>Main</c> returns 0.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Lives as long as the process; a source without a timer holds nothing to free.")]
public sealed class WorkerLifetime
{
    private readonly CancellationTokenSource _stopping = new();

    internal WorkerLifetime()
    {
    }

    /// <summary>
    /// Cancelled when the worker is to end. A running <c>Generate</c> then sends <c>finished</c> with MODEL_UNLOADED; what has not
    /// ended after <see cref="WorkerServer.StopTimeout"/> is cut off. Callbacks must return at once.
    /// </summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Begins the end; further calls change nothing. The call in which it happens is still answered.</summary>
    public void RequestStop() => _stopping.Cancel();
}
