using Tandem.Plugins;

namespace Tandem.Host.Workers;

/// <summary>
/// The supervisor's seam to where workers run: start, stop, observe, endpoint. Local processes now
/// (<c>LocalWorkerHost</c>); an existing cluster engine can stand behind it later.
/// </summary>
public interface IWorkerHost
{
    /// <summary>Starts a worker and waits for its start line. Whatever goes wrong is a result; nothing is left running then.</summary>
    Task<WorkerStart> StartAsync(WorkerOrder order, CancellationToken cancellationToken);
}

/// <summary>What to start.</summary>
/// <param name="WorkerId">Short id, unique in this home: for logs, files and messages.</param>
/// <param name="InstanceId">What it is started for: names its log.</param>
public sealed record WorkerOrder(string WorkerId, string InstanceId, RuntimeInfo Runtime, LaunchPlan Plan);

/// <summary>Outcome of starting a worker process.</summary>
public abstract record WorkerStart
{
    public sealed record Started(IWorkerProcess Process) : WorkerStart;

    public sealed record Failed(Failure Failure) : WorkerStart;
}

/// <summary>A worker process that printed its start line. Disposing it runs the stop ladder and waits for the whole group.</summary>
public interface IWorkerProcess : IAsyncDisposable
{
    string WorkerId { get; }
    int Pid { get; }

    /// <summary>As in the start line.</summary>
    string Endpoint { get; }

    /// <summary>Secret of this instance: goes into the metadata of every call, never into logs.</summary>
    string Token { get; }

    /// <summary>Completes when the process has gone, whatever became of its pipes.</summary>
    Task<WorkerExit> Exited { get; }

    /// <summary>The last lines it wrote, oldest first.</summary>
    IReadOnlyList<string> LastLines { get; }

    /// <summary>Terminates the group, kills it, waits until it is gone; every step bounded, none able to skip the next.</summary>
    Task StopAsync(TimeSpan grace);
}

/// <summary>How a worker ended.</summary>
/// <param name="ExitCode">Exit code, or 128 + signal number.</param>
/// <param name="Signal">Name of the signal (SIGSEGV, …), null when none ended it.</param>
/// <param name="Cause">Probable cause, one sentence, with the last lines of its log.</param>
public sealed record WorkerExit(int ExitCode, string? Signal, string Cause, string NextStep, IReadOnlyList<string> LastLines);
