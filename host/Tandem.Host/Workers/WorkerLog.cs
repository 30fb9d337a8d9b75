using Microsoft.Extensions.Logging;

namespace Tandem.Host.Workers;

internal static partial class WorkerLog
{
    [LoggerMessage(1000, LogLevel.Information, "Worker {WorkerId} started as process {Pid} on {Runtime}")]
    public static partial void Spawned(ILogger logger, string workerId, int pid, string runtime);

    [LoggerMessage(1001, LogLevel.Warning, "Worker {WorkerId} (process {Pid}) ended by itself, {Cause}")]
    public static partial void Ended(ILogger logger, string workerId, int pid, string cause);

    [LoggerMessage(1002, LogLevel.Warning, "Worker {WorkerId} (process {Pid}) has not ended {Seconds:0.#} s after it was asked to; killing it")]
    public static partial void Kills(ILogger logger, string workerId, int pid, double seconds);

    [LoggerMessage(1003, LogLevel.Error, "Worker {WorkerId} (process {Pid}) was killed and is still there; it hangs inside the system")]
    public static partial void WouldNotDie(ILogger logger, string workerId, int pid);

    [LoggerMessage(1010, LogLevel.Information, "Worker {WorkerId}: {From} → {To}")]
    public static partial void StateChanged(ILogger logger, string workerId, WorkerState from, WorkerState to);

    [LoggerMessage(1011, LogLevel.Warning, "Worker {WorkerId} of {Model} failed ({Code}): {Message}")]
    public static partial void Faulted(ILogger logger, string workerId, string model, string code, string message);

    [LoggerMessage(1012, LogLevel.Error, "Worker {WorkerId}: handling {Message} failed; the worker is stopped")]
    public static partial void OwnBug(ILogger logger, Exception exception, string workerId, string message);
}
