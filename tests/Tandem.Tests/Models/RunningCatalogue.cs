using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Plugins;

namespace Tandem.Tests.Models;

/// <summary>A catalogue with the index of its pairs.</summary>
internal sealed class RunningCatalogue : IAsyncDisposable
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public required ModelCatalogue Catalogue { get; init; }

    public required PairIndex Index { get; init; }

    public required PairJudge Judge { get; init; }

    /// <summary>Both ready.</summary>
    public static async Task<RunningCatalogue> StartAsync(IReadOnlyList<IEnginePlugin> plugins, params ModelFolder[] folders)
    {
        var running = await BeginAsync(plugins, folders);
        await running.Index.Ready.WaitAsync(Bound);
        return running;
    }

    /// <summary>Just started.</summary>
    public static Task<RunningCatalogue> BeginAsync(IReadOnlyList<IEnginePlugin> plugins, params ModelFolder[] folders) =>
        BeginAsync(plugins, (_, _) => null, folders);

    public static async Task<RunningCatalogue> BeginAsync(
        IReadOnlyList<IEnginePlugin> plugins, Func<string, string, PairMeasurement?> measured, params ModelFolder[] folders)
    {
        const long memory = 128L << 30;
        var catalogue = new ModelCatalogue(folders, () => plugins, new CatalogueTools(), TimeProvider.System, NullLogger<ModelCatalogue>.Instance);
        var builder = new PairIndexBuilder(() => plugins, catalogue.Vocabularies, memory, null, NullLogger.Instance);
        var index = new PairIndex(catalogue, builder, TimeProvider.System, NullLogger<PairIndex>.Instance);
        await catalogue.StartAsync(CancellationToken.None);
        await index.StartAsync(CancellationToken.None);
        var judge = new PairJudge(index, catalogue.Vocabularies, () => plugins, measured, _ => null);
        return new RunningCatalogue { Catalogue = catalogue, Index = index, Judge = judge };
    }

    public ModelEntry Model(string key) => Assert.Single(Catalogue.Snapshot.Models, model => model.Key == key);

    public async ValueTask DisposeAsync()
    {
        await Catalogue.StopAsync(CancellationToken.None);
        await Index.StopAsync(CancellationToken.None);
        Catalogue.Dispose();
        Index.Dispose();
    }
}
