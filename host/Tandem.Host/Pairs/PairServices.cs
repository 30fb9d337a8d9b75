using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Host.Models;
using Tandem.Host.Runtimes;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>Registers this feature.</summary>
public static class PairServices
{
    /// <summary>Needs models, runtimes and the storage among the services.</summary>
    /// <param name="plugins">The usable plugins.</param>
    /// <param name="onChange">Told of every new index; returns at once.</param>
    public static IServiceCollection AddPairs(
        this IServiceCollection services,
        Func<IServiceProvider, IReadOnlyList<IEnginePlugin>> plugins,
        Func<IServiceProvider, Action<PairIndexState, long>> onChange) => services
        .AddSingleton(PairStore.Schema)
        .AddSingleton<PairStore>()
        .AddSingleton<DraftingRuntime>()
        .AddSingleton(provider =>
        {
            var catalogue = provider.GetRequiredService<ModelCatalogue>();
            var logger = provider.GetRequiredService<ILogger<PairIndex>>();
            var builder = new PairIndexBuilder(
                () => plugins(provider), catalogue.Vocabularies, provider.GetRequiredService<RuntimeCatalogue>().Machine.MemoryBytes,
                provider.GetRequiredService<PairStore>(), logger);
            var index = new PairIndex(catalogue, builder, provider.GetRequiredService<TimeProvider>(), logger);
            var tell = onChange(provider);
            catalogue.Published += _ => tell(index.State, index.Snapshot.Revision);
            index.Published += snapshot => tell(index.State, snapshot.Revision);
            return index;
        })
        .AddSingleton(provider => new PairJudge(
            provider.GetRequiredService<PairIndex>(),
            provider.GetRequiredService<ModelCatalogue>().Vocabularies,
            () => plugins(provider),
            provider.GetRequiredService<PairStore>().Find,
            provider.GetRequiredService<DraftingRuntime>().ProblemOf))
        .AddHostedService(provider => provider.GetRequiredService<PairIndex>());
}
