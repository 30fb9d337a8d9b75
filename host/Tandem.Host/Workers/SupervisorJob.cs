using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Tandem.Host.Workers;

/// <summary>
/// Windows: puts the supervisor itself into a job that ends with its last handle, which the system closes however the supervisor ends.
/// Children are born into it, so none can escape between its start and an assignment.
/// </summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class SupervisorJob
{
    private const int ExtendedLimitInformation = 9;
    private const uint KillOnJobClose = 0x2000;

    // Never closed: that is the point.
    private static nint _job;

    /// <summary>Does nothing the second time.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public static void Enter()
    {
        if (_job != 0)
            return;
        var job = CreateJobObject(0, 0);
        var limits = new ExtendedLimits { LimitFlags = KillOnJobClose };
        using var self = Process.GetCurrentProcess();
        if (job == 0
            || !SetInformationJobObject(job, ExtendedLimitInformation, &limits, (uint)sizeof(ExtendedLimits))
            || !AssignProcessToJobObject(job, self.Handle))
        {
            throw new Win32Exception();
        }

        _job = job;
    }

    // JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct ExtendedLimits
    {
        public long PerProcessUserTimeLimit;
        public long PerJobUserTimeLimit;
        public uint LimitFlags;
        public nuint MinimumWorkingSetSize;
        public nuint MaximumWorkingSetSize;
        public uint ActiveProcessLimit;
        public nuint Affinity;
        public uint PriorityClass;
        public uint SchedulingClass;
        public fixed ulong IoCounters[6];
        public nuint ProcessMemoryLimit;
        public nuint JobMemoryLimit;
        public nuint PeakProcessMemoryUsed;
        public nuint PeakJobMemoryUsed;
    }

    [LibraryImport("kernel32", EntryPoint = "CreateJobObjectW", SetLastError = true)]
    private static partial nint CreateJobObject(nint attributes, nint name);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetInformationJobObject(nint job, int informationClass, void* information, uint length);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool AssignProcessToJobObject(nint job, nint process);
}
