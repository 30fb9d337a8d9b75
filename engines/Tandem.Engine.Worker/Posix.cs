using System.Runtime.InteropServices;

namespace Tandem.Engine.Worker;

/// <summary>Calls of the C library that Linux and macOS share. Nothing here runs on Windows.</summary>
internal static partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;
    private const int SigAbort = 6;
    private const int SigSegv = 11;
    private const nint DefaultAction = 0;

    /// <summary>Makes the calling process the leader of a group of its own. False when the system refuses.</summary>
    public static bool BecomeGroupLeader() => SetProcessGroup(0, 0) == 0;

    public static bool IsGroupLeader => GetProcessGroup() == Environment.ProcessId;

    public static bool InputIsTerminal => IsATerminal(0) == 1;

    /// <summary>Pid 0: every process of the caller's group.</summary>
    public static void Kill(int pid, int signal) => _ = SendSignal(pid, signal);

    /// <summary>Files made from now on are for their owner alone (sockets too: their mode is 0700).</summary>
    public static void KeepNewFilesPrivate() => _ = SetFileMask(0b000_111_111);

    /// <summary>
    /// Takes SIGSEGV and SIGABRT back from .NET's runtime, which survives one that comes from outside and goes on with a process that was
    /// meant to end. A null reference in a worker is then a crash rather than an exception: it is a bug either way, and the supervisor
    /// starts another worker.
    /// </summary>
    public static void DieOfCrashSignals()
    {
        _ = SetHandler(SigSegv, DefaultAction);
        _ = SetHandler(SigAbort, DefaultAction);
    }

    /// <summary>Also takes it from the C library's view, which native code and children would see.</summary>
    public static void RemoveVariable(string name) => _ = UnsetVariable(name);

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int GetParentPid();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint GetUserId();

    [LibraryImport("libc", EntryPoint = "setpgid")]
    private static partial int SetProcessGroup(int pid, int group);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int GetProcessGroup();

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsATerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetFileMask(uint mask);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetVariable(string name);
}
