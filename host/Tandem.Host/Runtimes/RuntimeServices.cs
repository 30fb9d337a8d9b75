using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes.Install;
using Tandem.Host.Runtimes.Survey;

namespace Tandem.Host.Runtimes;

/// <summary>Registers this feature.</summary>
public static class RuntimeServices
{
    /// <summary>Needs <see cref="HostOptions"/>, plugins, storage, workers and an <see cref="IRuntimeUsers"/> among the services.</summary>
    public static IServiceCollection AddRuntimes(this IServiceCollection services)
    {
        services.AddSingleton(RuntimeRecords.Schema);
        foreach (var setting in RuntimeSettings.All)
            services.AddSingleton(setting);
        services.AddSingleton<RuntimeRecords>().AddSingleton<RuntimeStore>().AddSingleton<EngineLaunch>();
        services.AddSingleton(provider => new RuntimeCatalogue(
            provider.GetRequiredService<PluginCatalogue>(),
            provider.GetRequiredService<RuntimeStore>(),
            provider.GetService<RuntimesChanged>() ?? ((_, _) => { }),
            provider.GetRequiredService<ILogger<RuntimeCatalogue>>()));
        services.AddSingleton(provider => new RuntimeTrials(
            provider.GetRequiredService<RuntimeCatalogue>(),
            provider.GetRequiredService<RuntimeRecords>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RuntimeTrials>>()));
        services.AddSingleton<RuntimeProbe>().AddSingleton<RuntimeSurveyor>().AddSingleton<RuntimeChecks>();
        services.TryAddSingleton<IPackageFetcher, NpmPackages>();
        services.AddSingleton<InstallTools>().AddSingleton<RuntimeOffers>().AddSingleton<RuntimeInstaller>().AddSingleton<RuntimeManager>();
        return services;
    }

    /// <summary>What happens by itself at the start, in its background; needs jobs too. Add it after what should begin earlier.</summary>
    public static IServiceCollection AddRuntimeChecks(this IServiceCollection services) =>
        services.AddHostedService(provider => provider.GetRequiredService<RuntimeChecks>())
            .AddSingleton<AutomaticUpdate>()
            .AddHostedService(provider => provider.GetRequiredService<AutomaticUpdate>());
}
