namespace Tandem.Host.Api.Management;

/// <summary>The supervisor and the machine under it, now. Sizes in bytes, times in seconds.</summary>
internal sealed record SystemReport(
    string Version, string Instance, int Pid, DateTimeOffset StartedAt, double Uptime, string Home,
    MachineItem Machine, SupervisorItem Supervisor, DatabaseItem Database);

internal sealed record MachineItem(
    string OperatingSystem, string Description, string Architecture, string Processor, int Cores,
    long MemoryTotal, long MemoryAvailable, IReadOnlyList<AcceleratorItem> Accelerators);

internal sealed record AcceleratorItem(string Kind, string Name, string? Driver, long Memory);

/// <param name="MemoryPrivate">Not shared with other processes and not mapped from files; null where the system does not tell.</param>
internal sealed record SupervisorItem(double CpuSeconds, long? MemoryPrivate, long MemoryManaged, int Threads);

/// <param name="State"><c>opening</c>, <c>open</c> or <c>unusable</c>.</param>
/// <param name="Notices">What happened when it was opened, e.g. that a damaged file was set aside.</param>
internal sealed record DatabaseItem(string State, IReadOnlyList<string> Notices);
