namespace Tandem.Host.Bench;

/// <summary>What a benchmark found. Speeds in tokens per second of generation, times in seconds; medians over the rounds.</summary>
public sealed record BenchReport(
    BenchHeading Heading, string Model, string Quantization, DateTimeOffset MeasuredAt, int Rounds, IReadOnlyList<BenchRow> Rows, IReadOnlyList<string> Problems);

/// <summary>Earlier reports, newest first.</summary>
public sealed record BenchReports(IReadOnlyList<BenchReport> Reports);

/// <summary>Where it was measured.</summary>
/// <param name="Accelerator">The GPU; null when there is none.</param>
public sealed record BenchHeading(
    string Engine, string Runtime, string Processor, int Cores, string? Accelerator, long Memory, string OperatingSystem, string Version);

/// <summary>One way of decoding: without a draft (<paramref name="Draft"/> null), with one, or with n-grams (<c>ngram</c>).</summary>
/// <param name="Groups">All prompts first, then each kind of them.</param>
/// <param name="Advice">For people; null for the row without a draft.</param>
/// <param name="Prompts">Each prompt alone; null in reports of earlier versions.</param>
public sealed record BenchRow(
    string? Draft, string? Quantization, IReadOnlyList<BenchFigures> Groups, string? Advice, IReadOnlyList<BenchFigures>? Prompts = null)
{
    internal const string NGram = "ngram";

    /// <summary>Whether the draft is a model.</summary>
    internal bool IsModel => Draft is not null and not NGram;
}

/// <summary>Figures of one way over one group of prompts, or over one prompt.</summary>
/// <param name="Prompts"><c>all</c>, <c>factual</c>, <c>creative</c> or <c>own</c>; a prompt's name.</param>
/// <param name="SpeedUp">Of the same round's speed without a draft; null for the row without one.</param>
/// <param name="Acceptance">Accepted of all drafted tokens; null when nothing was drafted.</param>
/// <param name="AcceptanceByPosition">
/// Of the first, second, … tokens of drafts that the main model decided about, the share that it accepted; null when nothing was drafted, and
/// in reports of earlier versions.
/// </param>
public sealed record BenchFigures(
    string Prompts, BenchSpread TokensPerSecond, BenchSpread? SpeedUp, double? Acceptance, double TimeToFirstToken, int Tokens,
    IReadOnlyList<double>? AcceptanceByPosition = null);

/// <summary>Median, smallest and largest of the rounds.</summary>
public sealed record BenchSpread(double Median, double Low, double High)
{
    public static BenchSpread Of(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new BenchSpread(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}
