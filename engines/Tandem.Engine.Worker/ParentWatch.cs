using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tandem.Engine.Worker;

/// <summary>
/// Ends this worker when its supervisor is gone, whatever state the worker is in. Three ways, because each alone has a gap:
/// end-of-file on standard input (all systems; fails if somebody else holds the write end), SIGTERM on the parent's death (Linux),
/// and the parent's pid, read again after asking for that signal (it may have died before).
/// On Windows the supervisor's job object ends the worker; end-of-file is the second way.
/// </summary>
internal static class ParentWatch
{
    // Kept alive for the life of the process: a collected registration no longer handles its signal.
    private static readonly List<PosixSignalRegistration> Registrations = [];

    public static void Start(int supervisorPid, WorkerLifetime lifetime)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT])
        {
            Registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (!OperatingSystem.IsWindows() && Posix.GetParentPid() != supervisorPid)
                    EndGroup();
                lifetime.RequestStop();
            }));
        }

        if (OperatingSystem.IsLinux())
            Linux.AskForSignalOnParentDeath();
        if (!OperatingSystem.IsWindows() && Posix.GetParentPid() != supervisorPid)
            EndGroup();
        new Thread(WatchInput) { IsBackground = true, Name = "parent watch" }.Start();
    }

    private static void WatchInput()
    {
        try
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[256];
            while (input.Read(buffer) > 0)
            {
                // Nothing is said on standard input; only its end means something.
            }
        }
        catch (IOException)
        {
            // A pipe that cannot be read has no writer that could still be watched.
        }

        EndGroup();
    }

    /// <summary>No orderly end: nobody is left to wait for it, and children of libraries must go too.</summary>
    private static void EndGroup()
    {
        if (!OperatingSystem.IsWindows())
            Posix.Kill(Posix.IsGroupLeader ? 0 : Environment.ProcessId, Posix.SigKill);
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
