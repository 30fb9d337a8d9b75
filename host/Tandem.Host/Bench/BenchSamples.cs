using System.Globalization;
using Tandem.Host.Serving;

namespace Tandem.Host.Bench;

/// <summary>One way of decoding that is measured.</summary>
/// <param name="Name">Key of the draft, <c>ngram</c>, or null: plain.</param>
internal sealed record BenchWay(string? Name, string? Quantization, string DraftModel, SpeculationRequest Speculation);

/// <summary>What was measured of one way, answer by answer.</summary>
internal sealed class BenchSamples(BenchWay way)
{
    /// <summary>Below it nobody would notice; above it the draft is worth having.</summary>
    private const double Worthwhile = 1.1;
    private const double Harmless = 0.97;
    private const double OftenAccepted = 0.5;

    private readonly List<Measured> _answers = [];

    public BenchWay Way => way;

    public void Add(int round, BenchPrompt prompt, ChatStatistics statistics) => _answers.Add(new Measured(round, prompt, statistics));

    public BenchRow Describe(BenchSamples plain)
    {
        var kinds = _answers.Select(answer => answer.Prompt.Kind).Distinct().ToList();
        List<BenchFigures> groups = [Figures("all", _ => true, plain)];
        if (kinds.Count > 1)
            groups.AddRange(kinds.Select(kind => Figures(kind, prompt => prompt.Kind == kind, plain)));
        return new BenchRow(
            way.Name, way.Quantization, groups, way.Name is null ? null : Advise(groups[0]),
            [.. _answers.Select(answer => answer.Prompt).Distinct().Select(one => Figures(one.Name, prompt => prompt == one, plain))]);
    }

    /// <summary>A sentence that says whether to use it, and why not.</summary>
    internal static string Advise(BenchFigures all)
    {
        var speedUp = all.SpeedUp!.Median;
        if (speedUp >= Worthwhile)
            return string.Create(CultureInfo.InvariantCulture, $"use it: {speedUp:0.0#} times as fast");
        var cost = speedUp < Harmless ? string.Create(CultureInfo.InvariantCulture, $", and {1 - speedUp:P0} slower") : "";
        return all.Acceptance switch
        {
            null => $"no gain: drafting would cost more time than it saves here, so it was left alone{cost}",
            >= OftenAccepted => $"no gain: draft too large for this machine{cost}",
            { } acceptance => string.Create(CultureInfo.InvariantCulture, $"no gain: {acceptance:P0} accepted{cost}"),
        };
    }

    private BenchFigures Figures(string name, Func<BenchPrompt, bool> isOne, BenchSamples plain)
    {
        var rates = Rates(isOne);
        var answers = Of(isOne).Select(answer => answer.Statistics).ToList();
        var drafts = answers.Select(answer => answer.Draft).OfType<DraftStatistics>().ToList();
        var drafted = drafts.Sum(draft => draft.Total);
        return new BenchFigures(
            name,
            BenchSpread.Of(rates),
            way.Name is null ? null : BenchSpread.Of([.. rates.Zip(plain.Rates(isOne), (with, without) => with / without)]),
            drafted > 0 ? drafts.Sum(draft => draft.Accepted) / (double)drafted : null,
            BenchSpread.Of([.. answers.Select(answer => answer.TimeToFirstToken)]).Median,
            answers.Sum(answer => answer.EmittedTokens),
            drafted > 0 ? ByPosition(drafts) : null);
    }

    private static List<double> ByPosition(List<DraftStatistics> drafts) =>
    [
        .. Enumerable.Range(0, drafts.Max(draft => draft.ByPosition.Count))
            .Select(position => drafts.Where(draft => draft.ByPosition.Count > position).Select(draft => draft.ByPosition[position]).ToList())
            .Select(counts => counts.Sum(count => count.Accepted) / (double)Math.Max(1, counts.Sum(count => count.Decided))),
    ];

    /// <summary>By round: all tokens over all time, so that long answers count for more.</summary>
    private List<double> Rates(Func<BenchPrompt, bool> isOne) =>
    [
        .. Of(isOne).GroupBy(answer => answer.Round).OrderBy(round => round.Key)
            .Select(round => round.Sum(answer => (double)answer.Statistics.EmittedTokens) / Math.Max(1e-9, round.Sum(answer => answer.Statistics.GenerationTime))),
    ];

    private IEnumerable<Measured> Of(Func<BenchPrompt, bool> isOne) => _answers.Where(answer => isOne(answer.Prompt));

    private sealed record Measured(int Round, BenchPrompt Prompt, ChatStatistics Statistics);
}
