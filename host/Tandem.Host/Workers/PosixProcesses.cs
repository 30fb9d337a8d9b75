using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Tandem.Host.Workers;

/// <summary>Linux and macOS. What only <c>/proc</c> tells comes from <see cref="LinuxProc"/>; macOS asks .NET.</summary>
internal sealed partial class PosixProcesses : IProcessSystem
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    public void Terminate(int pid) => Signal(pid, SigTerm);

    public void Kill(int pid) => Signal(pid, SigKill);

    public bool IsGroupAlive(int pid)
    {
        if (OperatingSystem.IsLinux())
            return LinuxProc.IsGroupAlive(pid);
        // Zombies count here; launchd reaps them at once.
        return SendSignal(-pid, 0) == 0 || SendSignal(pid, 0) == 0;
    }

    public string? StartTimeOf(int pid) => OperatingSystem.IsLinux()
        ? LinuxProc.StartTimeOf(pid)
        : Ask(pid, process => process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture));

    public string? ExecutableOf(int pid) => OperatingSystem.IsLinux()
        ? LinuxProc.ExecutableOf(pid)
        : Ask(pid, process => process.MainModule?.FileName);

    public long? BytesReadBy(int pid) => OperatingSystem.IsLinux() ? LinuxProc.BytesReadBy(pid) : null;

    public TimeSpan? CpuTimeOf(int pid) => Ask<TimeSpan?>(pid, process => process.TotalProcessorTime);

    public long? PrivateBytesOf(int pid) => OperatingSystem.IsLinux()
        ? LinuxProc.PrivateBytesOf(pid)
        : Ask<long?>(pid, process => process.PrivateMemorySize64);

    private static void Signal(int pid, int signal)
    {
        // 0 and 1 would mean the supervisor's own group and every process there is.
        if (pid <= 1)
            return;
        // Before the child has made itself a group there is none of its pid: then it alone is meant.
        if (SendSignal(-pid, signal) != 0)
            _ = SendSignal(pid, signal);
    }

    private static T? Ask<T>(int pid, Func<Process, T?> question)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return question(process);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return default;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
