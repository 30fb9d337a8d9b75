using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;

namespace Tandem.Host.Workers;

/// <summary>
/// Windows: no groups and no signals. Workers end politely by their <c>Shutdown</c> call or at the end of their standard input; the job
/// object of <see cref="SupervisorJob"/> ends all of them with the supervisor.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class WindowsProcesses : IProcessSystem
{
    /// <summary>There is nothing to send: a console program without a window gets no close message.</summary>
    public void Terminate(int pid)
    {
    }

    public void Kill(int pid) => Ask(pid, process =>
    {
        process.Kill(entireProcessTree: true);
        return "";
    });

    public bool IsGroupAlive(int pid) => Ask(pid, process => process.HasExited ? null : "") is not null;

    public string? StartTimeOf(int pid) =>
        Ask(pid, process => process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture));

    public string? ExecutableOf(int pid) => Ask(pid, process => process.MainModule?.FileName);

    public long? BytesReadBy(int pid) => null;

    public TimeSpan? CpuTimeOf(int pid) => Ask<TimeSpan?>(pid, process => process.TotalProcessorTime);

    public long? PrivateBytesOf(int pid) => Ask<long?>(pid, process => process.PrivateMemorySize64);

    private static T? Ask<T>(int pid, Func<Process, T?> question)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return question(process);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return default;
        }
    }
}
