using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Runtimes;
using Tandem.Host.Storage;
using Tandem.Host.Telemetry;
using Tandem.Host.Workers;

namespace Tandem.Host.Api.Management;

/// <summary><c>GET /api/tandem/system</c>.</summary>
internal sealed class SystemEndpoint(HostOptions options, RuntimeCatalogue runtimes, IProcessSystem processes, Database database, TimeProvider clock)
{
    public Task GetAsync(HttpContext context)
    {
        using var self = Process.GetCurrentProcess();
        var started = new DateTimeOffset(self.StartTime.ToUniversalTime());
        var report = new SystemReport(
            HealthEndpoint.Version, options.InstanceId, Environment.ProcessId, started, (clock.GetUtcNow() - started).TotalSeconds, options.HomeFolder,
            MachineNow(),
            new SupervisorItem(
                Environment.CpuUsage.TotalTime.TotalSeconds, processes.PrivateBytesOf(Environment.ProcessId), GC.GetTotalMemory(false), self.Threads.Count),
            DatabaseNow());
        return context.Response.WriteAsJsonAsync(report, ManagementJson.Wire.SystemReport, cancellationToken: context.RequestAborted);
    }

    private MachineItem MachineNow()
    {
        var machine = runtimes.Machine;
        var (total, available) = Machine.Memory();
        return new MachineItem(
            machine.OperatingSystem, RuntimeInformation.OSDescription, machine.Architecture, Machine.ProcessorName, Environment.ProcessorCount, total, available,
            [.. machine.Accelerators.Select(found => new AcceleratorItem(found.Kind, found.Name, found.DriverVersion, found.MemoryBytes))]);
    }

    private DatabaseItem DatabaseNow() => database.State switch
    {
        DatabaseState.Open open => new DatabaseItem("open", open.Notices),
        DatabaseState.Unusable unusable => new DatabaseItem("unusable", [unusable.Failure.Message]),
        _ => new DatabaseItem("opening", []),
    };
}
