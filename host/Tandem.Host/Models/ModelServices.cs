using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>Registers this feature.</summary>
public static class ModelServices
{
    /// <summary>Needs <see cref="HostOptions"/>, a <see cref="TimeProvider"/> and the storage among the services.</summary>
    /// <param name="plugins">The usable plugins.</param>
    public static IServiceCollection AddModels(this IServiceCollection services, Func<IServiceProvider, IReadOnlyList<IEnginePlugin>> plugins) => services
        .AddSingleton(DefaultsStore.Schema)
        .AddSingleton(ModelCache.Schema)
        .AddSingleton<DefaultsStore>()
        .AddSingleton<VocabularyFiles>()
        .AddSingleton<ModelCache>()
        .AddSingleton(provider => new ModelCatalogue(
            ModelFolder.Of(provider.GetRequiredService<HostOptions>()),
            () => plugins(provider),
            new CatalogueTools(
                provider.GetRequiredService<ModelCache>(),
                new VocabularyStore(provider.GetRequiredService<VocabularyFiles>()),
                provider.GetRequiredService<DefaultsStore>().Find),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ModelCatalogue>>()))
        // First: whoever resolves a model gets it with its defaults.
        .AddHostedService(provider => provider.GetRequiredService<DefaultsStore>())
        .AddHostedService(provider => provider.GetRequiredService<ModelCatalogue>());
}
