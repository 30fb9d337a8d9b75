using System.Globalization;
using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>What a worker does before anything else: a process group of its own, the parent watch, its identity.</summary>
/// <remarks>
/// To run a worker by hand, set the four variables yourself and give it an open standard input. From a terminal:
/// <code>
/// mkdir -m 700 sockets
/// TANDEM_WORKER_TOKEN=secret TANDEM_SUPERVISOR_PID=$$ TANDEM_SOCKET_DIRECTORY=$PWD/sockets TANDEM_RUNTIME_DIRECTORY=$PWD ./worker
/// </code>
/// It then stays in the terminal's group, so that Ctrl-C ends it. <c>--probe</c> needs none of this, see <see cref="BeginProbe"/>.
/// </remarks>
public static class WorkerProcess
{
    /// <summary>Exit code when the worker was started without its variables or with unusable ones.</summary>
    public const int BadStart = 2;

    /// <summary>
    /// The first call in <c>Main</c>. Reads the variables of <see cref="WorkerContract"/>, removes them from the environment, and starts
    /// the watch that ends the whole group when the supervisor is gone. Ends the process with <see cref="BadStart"/>, one line on
    /// standard error, when it cannot.
    /// </summary>
    public static WorkerIdentity Begin()
    {
        if (!OperatingSystem.IsWindows())
        {
            // In a terminal the group stays as it is: a background group that reads its terminal would be stopped.
            if (!Posix.InputIsTerminal)
                Posix.BecomeGroupLeader();
            Posix.KeepNewFilesPrivate();
            Posix.DieOfCrashSignals();
        }

        var lifetime = new WorkerLifetime();
        var pidText = Take(WorkerContract.SupervisorPidVariable);
        if (!int.TryParse(pidText, NumberStyles.None, CultureInfo.InvariantCulture, out var supervisorPid) || supervisorPid == 0)
            throw Refuse($"{WorkerContract.SupervisorPidVariable} must be a process id and is '{pidText}'");
        ParentWatch.Start(supervisorPid, lifetime);

        return new WorkerIdentity(
            Take(WorkerContract.TokenVariable),
            TakeFolder(WorkerContract.SocketDirectoryVariable),
            TakeFolder(WorkerContract.RuntimeDirectoryVariable),
            supervisorPid,
            lifetime);
    }

    /// <summary>
    /// The first call of a probe: it ends with its supervisor, also while it hangs in a library. By hand, without a supervisor's pid in the
    /// environment, it does nothing.
    /// </summary>
    public static void BeginProbe()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(WorkerContract.SupervisorPidVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var supervisorPid))
            return;
        if (!OperatingSystem.IsWindows() && !Posix.InputIsTerminal)
            Posix.BecomeGroupLeader();
        ParentWatch.Start(supervisorPid, new WorkerLifetime());
    }

    private static string TakeFolder(string variable)
    {
        var path = Take(variable);
        if (!Path.IsPathFullyQualified(path) || !Directory.Exists(path))
            throw Refuse($"{variable} must be the absolute path of a folder and is '{path}'");
        return path;
    }

    private static string Take(string variable)
    {
        var value = Environment.GetEnvironmentVariable(variable);
        if (string.IsNullOrEmpty(value))
            throw Refuse($"{variable} is not set; the supervisor sets it, by hand set it yourself");
        Environment.SetEnvironmentVariable(variable, null);
        if (!OperatingSystem.IsWindows())
            Posix.RemoveVariable(variable);
        return value;
    }

    private static InvalidOperationException Refuse(string reason)
    {
        Console.Error.WriteLine($"worker cannot start: {reason}");
        Environment.Exit(BadStart);
        return new InvalidOperationException(reason);
    }
}
