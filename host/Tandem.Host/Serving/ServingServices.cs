using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Tandem.Host.Runtimes;
using Tandem.Host.Storage;
using Tandem.Host.Telemetry;
using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>Registers this feature.</summary>
public static class ServingServices
{
    /// <summary>Needs plugins, runtimes and workers among the services.</summary>
    public static IServiceCollection AddServing(this IServiceCollection services)
    {
        services.TryAddSingleton(new ServingOptions());
        foreach (var setting in ServingSettings.All)
            services.AddSingleton(setting);
        services.AddSingleton(LearnedFigures.Schema).AddSingleton<LearnedFigures>();
        services.AddSingleton<WorkerPlanner>();
        services.TryAddSingleton<AvailableMemory>(() => Machine.Memory().Available);
        services.AddSingleton(provider => new ModelServer(new ServingTools(
            provider.GetRequiredService<WorkerPlanner>(),
            new WorkerTools(
                provider.GetRequiredService<IWorkerHost>(),
                provider.GetRequiredService<IProcessSystem>(),
                provider.GetRequiredService<WorkerTimes>(),
                provider.GetRequiredService<ILogger<ModelServer>>()),
            OptionsOf(provider),
            provider.GetRequiredService<AvailableMemory>(),
            provider.GetService<InstanceChanged>() ?? (_ => { }),
            provider.GetRequiredService<ILogger<ModelServer>>())
        {
            OnRequest = provider.GetService<RequestChanged>() ?? ((_, _, _, _) => { }),
        }));
        services.AddSingleton(provider => new AnswerLog(provider.GetRequiredService<TimeProvider>(), provider.GetService<AnswerEnded>() ?? (_ => { })));
        services.AddSingleton<DraftPicker>().AddSingleton<DraftSupport>();
        services.AddSingleton<IRuntimeUsers, RuntimeUsers>();
        return services;
    }

    /// <summary>Read anew for every decision, so that a changed setting holds at once.</summary>
    private static Func<ServingOptions> OptionsOf(IServiceProvider provider)
    {
        var defaults = provider.GetRequiredService<ServingOptions>();
        return provider.GetService<SettingsStore>() is { } settings ? () => ServingSettings.Read(settings, defaults) : () => defaults;
    }
}
