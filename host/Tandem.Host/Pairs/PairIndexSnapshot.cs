using System.Collections.Frozen;
using System.Collections.Immutable;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>Whether the index knows of every listed model.</summary>
public enum PairIndexState
{
    /// <summary>Models are still being read or judged: what is missing may yet come.</summary>
    Identifying,
    Ready,
}

/// <summary>Every pair of listed models judged, as of one catalogue. Immutable.</summary>
public sealed class PairIndexSnapshot
{
    private readonly FrozenDictionary<string, RankedModel> _byKey;
    private readonly Lazy<FrozenDictionary<string, int>> _recommendedFor;
    private readonly long _memoryBytes;

    internal PairIndexSnapshot(
        long revision, ImmutableArray<RankedModel> models, ImmutableArray<TokenizerClass> classes, PairFit[,] fits, long memoryBytes)
    {
        (Revision, Models, Classes, Fits, _memoryBytes) = (revision, models, classes, fits, memoryBytes);
        _byKey = models.ToFrozenDictionary(model => model.Entry.Key, StringComparer.Ordinal);
        _recommendedFor = new(CountRecommendations);
    }

    internal static PairIndexSnapshot Empty { get; } = new(0, [], [], new PairFit[0, 0], 0);

    /// <summary>Of the catalogue whose models are in it; 0 before there is one.</summary>
    public long Revision { get; }

    internal ImmutableArray<RankedModel> Models { get; }

    internal ImmutableArray<TokenizerClass> Classes { get; }

    /// <summary>By class of the main model and class of the draft; pairs of different engines are not in here and always refused.</summary>
    internal PairFit[,] Fits { get; }

    /// <summary>All other listed models as drafts for one, best first, refused ones last; empty when the model is not in the index.</summary>
    internal IReadOnlyList<DraftCandidate> DraftsFor(string mainKey, Func<string, PairMeasurement?> measured)
    {
        if (!_byKey.TryGetValue(mainKey, out var main))
            return [];
        return DraftRanking.Order(
            main, Models.Where(model => model != main).Select(model => (model, FitOf(main, model))), _memoryBytes, measured);
    }

    /// <summary>For how many listed models a draft is recommended.</summary>
    public int RecommendedFor(string draftKey) => _recommendedFor.Value.GetValueOrDefault(draftKey);

    private PairFit FitOf(RankedModel main, RankedModel draft) =>
        main.Entry.EngineId == draft.Entry.EngineId ? Fits[main.TokenizerClass, draft.TokenizerClass] : PairFit.Refused;

    /// <summary>By class and size, so that the work grows with the models and not with their pairs.</summary>
    private FrozenDictionary<string, int> CountRecommendations()
    {
        var mains = Models.GroupBy(model => model.TokenizerClass)
            .Select(group => (Class: group.Key, BySize: group.OrderBy(model => model.Description.ParameterCount).ToArray(), Largest: group.Max(model => model.MemoryBytes)))
            .ToList();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var draft in Models)
        {
            if (SizeGuideline.SmallestMain(draft.Description.ParameterCount) is not { } least)
                continue;
            var room = _memoryBytes - draft.MemoryBytes;
            var count = mains.Where(group => FitOf(group.BySize[0], draft) != PairFit.Refused)
                .Sum(group => Count(group.BySize, least, group.Largest <= room ? long.MaxValue : room));
            if (count > 0)
                counts[draft.Entry.Key] = count;
        }

        return counts.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static int Count(RankedModel[] bySize, long leastParameters, long room)
    {
        var (low, high) = (0, bySize.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = bySize[middle].Description.ParameterCount < leastParameters ? (middle + 1, high) : (low, middle);
        }

        return room == long.MaxValue ? bySize.Length - low : bySize.Skip(low).Count(model => model.MemoryBytes <= room);
    }
}
