namespace Tandem.Host.Workers;

/// <summary>The implementation for the system this runs on.</summary>
public static class ProcessSystem
{
    public static IProcessSystem Current { get; } = OperatingSystem.IsWindows() ? new WindowsProcesses() : new PosixProcesses();
}
