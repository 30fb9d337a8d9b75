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

    private readonly List<(int Round, string Kind, ChatStatistics Statistics)> _answers = [];

    public BenchWay Way => way;

    public void Add(int round, BenchPrompt prompt, ChatStatistics statistics) => _answers.Add((round, prompt.Kind, statistics));

    public BenchRow Describe(BenchSamples plain)
    {
        var kinds = _answers.Select(answer => answer.Kind).Distinct().ToList();
        List<BenchFigures> groups = [Figures("all", plain)];
        if (kinds.Count > 1)
            groups.AddRange(kinds.Select(kind => Figures(kind, plain)));
        return new BenchRow(way.Name, way.Quantization, groups, way.Name is null ? null : Advise(groups[0]));
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

    private BenchFigures Figures(string kind, BenchSamples plain)
    {
        var rates = Rates(kind);
        var answers = Of(kind).Select(answer => answer.Statistics).ToList();
        var drafted = answers.Sum(answer => answer.Draft?.Total ?? 0);
        return new BenchFigures(
            kind,
            BenchSpread.Of(rates),
            way.Name is null ? null : BenchSpread.Of([.. rates.Zip(plain.Rates(kind), (with, without) => with / without)]),
            drafted > 0 ? answers.Sum(answer => answer.Draft?.Accepted ?? 0) / (double)drafted : null,
            BenchSpread.Of([.. answers.Select(answer => answer.TimeToFirstToken)]).Median,
            answers.Sum(answer => answer.EmittedTokens));
    }

    /// <summary>By round: all tokens over all time, so that long answers count for more.</summary>
    private List<double> Rates(string kind) =>
    [
        .. Of(kind).GroupBy(answer => answer.Round).OrderBy(round => round.Key)
            .Select(round => round.Sum(answer => (double)answer.Statistics.EmittedTokens) / Math.Max(1e-9, round.Sum(answer => answer.Statistics.GenerationTime))),
    ];

    private IEnumerable<(int Round, string Kind, ChatStatistics Statistics)> Of(string kind) =>
        kind == "all" ? _answers : _answers.Where(answer => answer.Kind == kind);
}
