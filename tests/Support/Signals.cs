using System.Runtime.InteropServices;

namespace Tandem.Tests.Support;

/// <summary>Sends signals (Unix).</summary>
internal static partial class Signals
{
    /// <summary>
    /// Whether this process, and so what it starts, ignores a signal: a shell without job control starts background jobs so, and no child
    /// can tell. Known on Linux only.
    /// </summary>
    public static bool AreIgnored(int signal)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(line["SigIgn:".Length..].Trim(), 16) & (1ul << (signal - 1))) != 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Send(int pid, int signal);
}
