using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tandem.Host.Models;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>Makes one index of one catalogue. Used by the loop of <see cref="PairIndex"/> alone.</summary>
internal sealed class PairIndexBuilder(
    Func<IReadOnlyList<IEnginePlugin>> plugins, IVocabularySource vocabularies, long memoryBytes, IFitArchive? archive, ILogger logger)
{
    // What a model gets when nobody says otherwise.
    private static readonly PlacementSettings DefaultPlacement = new(4096, 4, "f16", "f16", -1);

    private Dictionary<(string Main, string Draft), PairFit>? _known;
    private bool _changed;

    /// <param name="forget">Ask every rule again.</param>
    public async Task<PairIndexSnapshot> BuildAsync(CatalogueSnapshot catalogue, bool forget, CancellationToken cancellationToken)
    {
        _known = forget ? [] : _known ?? await RememberedAsync(cancellationToken);
        var usable = plugins().ToDictionary(plugin => plugin.Engine.Id);
        var numbers = new Dictionary<TokenizerClass, int>();
        var representatives = new List<ModelDescription>();
        var models = ImmutableArray.CreateBuilder<RankedModel>();
        foreach (var entry in catalogue.Models)
        {
            if (entry is not { Shadowed: false, Description: { Kind: ModelKind.Language } model } || !usable.TryGetValue(entry.EngineId, out var plugin))
                continue;
            var tokenizerClass = TokenizerClass.Of(model);
            if (!numbers.TryGetValue(tokenizerClass, out var number))
            {
                numbers[tokenizerClass] = number = representatives.Count;
                representatives.Add(model);
            }

            models.Add(new RankedModel(entry, model, number, Guard(plugin, () => plugin.Estimate(model, DefaultPlacement).Total) ?? 0));
        }

        ImmutableArray<TokenizerClass> classes = [.. numbers.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        var fits = Judge(_known, classes, representatives, usable, cancellationToken);
        return new PairIndexSnapshot(catalogue.Revision, models.ToImmutable(), classes, fits, memoryBytes);
    }

    /// <summary>Writes down what the last build found out, if it is news.</summary>
    public async Task RememberAsync(CancellationToken cancellationToken)
    {
        if (archive is null || !_changed || _known is null)
            return;
        try
        {
            await archive.SaveAsync(_known, cancellationToken);
            _changed = false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            PairLog.CacheUnusable(logger, "written", exception.Message);
        }
    }

    private PairFit[,] Judge(
        Dictionary<(string Main, string Draft), PairFit> known, ImmutableArray<TokenizerClass> classes, List<ModelDescription> representatives,
        Dictionary<string, IEnginePlugin> usable, CancellationToken cancellationToken)
    {
        var ids = classes.Select(one => one.Id(usable[one.EngineId].GetType().Module.ModuleVersionId)).ToArray();
        var fits = new PairFit[classes.Length, classes.Length];
        var used = new Dictionary<(string, string), PairFit>();
        for (var main = 0; main < classes.Length; main++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            for (var draft = 0; draft < classes.Length; draft++)
            {
                fits[main, draft] = PairFit.Refused;
                if (classes[main].EngineId != classes[draft].EngineId)
                    continue;
                var pair = (ids[main], ids[draft]);
                var plugin = usable[classes[main].EngineId];
                var fit = known.TryGetValue(pair, out var judged)
                    ? judged
                    : Guard(plugin, () => plugin.Judge(representatives[main], representatives[draft], vocabularies).Fit);
                if (fit is not { } certain)
                    continue;
                fits[main, draft] = used[pair] = certain;
            }
        }

        _changed |= known.Count != used.Count || used.Any(entry => !known.TryGetValue(entry.Key, out var fit) || fit != entry.Value);
        _known = used;
        return fits;
    }

    /// <summary>The border to a plugin: a bug there costs its own models, not the index.</summary>
    private T? Guard<T>(IEnginePlugin plugin, Func<T> call)
        where T : struct
    {
        try
        {
            return call();
        }
        catch (Exception exception)
        {
            PairLog.PluginThrew(logger, exception, plugin.Engine.Id);
            return null;
        }
    }

    private async Task<Dictionary<(string, string), PairFit>> RememberedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return archive is null ? [] : (await archive.LoadAsync(cancellationToken)).ToDictionary();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A cache may be lost at any time.
            PairLog.CacheUnusable(logger, "read", exception.Message);
            return [];
        }
    }
}
