using Tandem.Host.Models;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>What runs of a pair on this machine have shown.</summary>
/// <param name="Acceptance">Share of drafted tokens that the main model accepted.</param>
/// <param name="SpeedUp">Tokens per second with the draft over those without; null when only acceptance was seen.</param>
public sealed record PairMeasurement(double Acceptance, double? SpeedUp);

/// <summary>A listed model as a draft for one main model.</summary>
/// <param name="Rank">1 is the best; null for one that is refused or not smaller than the main model.</param>
/// <param name="Recommended">A gain is to be expected: measured, or by the guideline, and both fit in memory.</param>
/// <param name="Advice">Why it is not recommended although it fits; null when it is, or when it does not fit.</param>
public sealed record DraftCandidate(ModelEntry Model, PairFit Fit, int? Rank, bool Recommended, string? Advice, PairMeasurement? Measured);

/// <summary>A model with what ranking looks at.</summary>
/// <param name="MemoryBytes">By its plugin's estimate, at the default configuration.</param>
internal sealed record RankedModel(ModelEntry Entry, ModelDescription Description, int TokenizerClass, long MemoryBytes);

/// <summary>Orders the drafts that fit a main model. Pure.</summary>
internal static class DraftRanking
{
    /// <summary>
    /// Best first: what fits in memory; what was measured as faster, by how much; what was not measured before what was measured as
    /// slower; within the guideline; of the main model's family; exact before tolerated; the smaller one. Models no smaller than the main
    /// model, and refused ones, come last and have no rank.
    /// </summary>
    public static IReadOnlyList<DraftCandidate> Order(
        RankedModel main, IEnumerable<(RankedModel Draft, PairFit Fit)> drafts, long memoryBytes, Func<string, PairMeasurement?> measured)
    {
        var judged = drafts.Select(pair => Judge(main, pair.Draft, pair.Fit, memoryBytes, measured(pair.Draft.Entry.Key)))
            .OrderBy(one => one.Fit == PairFit.Refused)
            .ThenBy(one => !one.Smaller)
            .ThenBy(one => !one.FitsMemory)
            .ThenBy(one => one.SpeedUp switch { > 1 => 0, null => 1, _ => 2 })
            .ThenByDescending(one => one.SpeedUp ?? 0)
            .ThenBy(one => !one.InGuideline)
            .ThenBy(one => !one.SameFamily)
            .ThenBy(one => one.Fit)
            .ThenBy(one => one.Draft.Description.FileSize)
            .ThenBy(one => one.Draft.Entry.Key, StringComparer.Ordinal);
        return [.. judged.Select((one, place) => new DraftCandidate(
            one.Draft.Entry, one.Fit, one.CanDraft ? place + 1 : null, one.Recommended, one.Advice(main, memoryBytes), one.Measured))];
    }

    private static Judged Judge(RankedModel main, RankedModel draft, PairFit fit, long memoryBytes, PairMeasurement? measured) => new(
        draft,
        fit,
        draft.Description.ParameterCount < main.Description.ParameterCount,
        main.MemoryBytes + draft.MemoryBytes <= memoryBytes,
        SizeGuideline.Allows(main.Description.ParameterCount, draft.Description.ParameterCount),
        main.Description.Architecture == draft.Description.Architecture,
        measured);

    private readonly record struct Judged(
        RankedModel Draft, PairFit Fit, bool Smaller, bool FitsMemory, bool InGuideline, bool SameFamily, PairMeasurement? Measured)
    {
        public double? SpeedUp => Measured?.SpeedUp;

        public bool CanDraft => Fit != PairFit.Refused && Smaller;

        public bool Recommended => CanDraft && FitsMemory && (SpeedUp is { } speedUp ? speedUp > 1 : InGuideline);

        public string? Advice(RankedModel main, long memoryBytes)
        {
            if (Fit == PairFit.Refused || Recommended)
                return null;
            if (!Smaller)
                return $"It is no smaller than {main.Entry.Key}: drafting with it saves nothing.";
            if (!FitsMemory)
                return $"Together they take about {Gigabytes(main.MemoryBytes + Draft.MemoryBytes)}, and this machine has {Gigabytes(memoryBytes)}.";
            return SpeedUp is { } speedUp
                ? FormattableString.Invariant($"Measured here: {speedUp:F2} times the speed without it.")
                : SizeGuideline.LargestDraft(main.Description.ParameterCount) == 0
                    ? $"{main.Entry.Key} is so small that a draft seldom pays."
                    : "It is large for this main model; a smaller draft pays sooner.";
        }

        private static string Gigabytes(long bytes) => FormattableString.Invariant($"{bytes / (double)(1 << 30):F1} GiB");
    }
}
