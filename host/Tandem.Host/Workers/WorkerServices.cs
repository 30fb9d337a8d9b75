using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Tandem.Host.Workers;

/// <summary>Registers this feature.</summary>
public static class WorkerServices
{
    /// <summary>Needs <see cref="HostOptions"/> among the services; take the <see cref="HomeLock"/> before anything is resolved.</summary>
    public static IServiceCollection AddWorkers(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new WorkerTimes { Clock = provider.GetService<TimeProvider>() ?? TimeProvider.System });
        services.TryAddSingleton(_ => ProcessSystem.Current);
        services.AddSingleton<ChildLauncher>();
        services.AddSingleton<Ledger>();
        services.AddSingleton<ToolRunner>();
        services.AddSingleton<IWorkerHost, LocalWorkerHost>();
        services.AddHostedService<OrphanSweep>();
        return services;
    }
}
