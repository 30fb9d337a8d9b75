using System.Globalization;
using System.Text;
using Tandem.Host.Bench;

namespace Tandem.Cli;

/// <summary>A benchmark's report as a table for the terminal, readable as Markdown too.</summary>
internal static class BenchTable
{
    private const double Gibibyte = 1024.0 * 1024 * 1024;
    private static readonly string[] Columns = ["prompts", "draft", "quant.", "tok/s", "speed-up", "accepted", "first token"];

    public static string Of(BenchReport report)
    {
        var text = new StringBuilder();
        var (heading, culture) = (report.Heading, CultureInfo.InvariantCulture);
        text.AppendLine(culture, $"{heading.Engine} ({heading.Runtime}) · {heading.Processor}, {heading.Cores} cores · {heading.Accelerator ?? "no GPU"} · {heading.Memory / Gibibyte:0.#} GiB");
        text.AppendLine(culture, $"{report.Model}{(report.Quantization.Length > 0 ? $" {report.Quantization}" : "")} · medians of {report.Rounds} interleaved rounds (smallest to largest)");
        text.AppendLine();
        List<string[]> lines = [Columns];
        foreach (var row in report.Rows)
            lines.AddRange(row.Groups.Select(group => Line(row, group)));
        Write(text, lines);
        text.AppendLine();
        foreach (var row in report.Rows.Where(row => row.Advice is not null))
            text.AppendLine(culture, $"{row.Draft}: {row.Advice}.{Positions(row.Groups[0])}");
        foreach (var problem in report.Problems)
            text.AppendLine(culture, $"not measured: {problem}");
        return text.ToString();
    }

    private static string[] Line(BenchRow row, BenchFigures figures) =>
    [
        figures.Prompts,
        row.Draft ?? "none",
        row.Quantization ?? "",
        Spread(figures.TokensPerSecond, "0.0"),
        figures.SpeedUp is { } speedUp ? Spread(speedUp, "0.00") + "x" : "",
        figures.Acceptance is { } acceptance ? acceptance.ToString("P0", CultureInfo.InvariantCulture) : "",
        string.Create(CultureInfo.InvariantCulture, $"{figures.TimeToFirstToken:0.000} s"),
    ];

    private static string Positions(BenchFigures figures) => figures.AcceptanceByPosition is { Count: > 0 } shares
        ? " Accepted by position: " + string.Join(", ", shares.Select(share => share.ToString("P0", CultureInfo.InvariantCulture))) + "."
        : "";

    private static string Spread(BenchSpread spread, string format) => string.Create(
        CultureInfo.InvariantCulture,
        $"{spread.Median.ToString(format, CultureInfo.InvariantCulture)} ({spread.Low.ToString(format, CultureInfo.InvariantCulture)} to {spread.High.ToString(format, CultureInfo.InvariantCulture)})");

    private static void Write(StringBuilder text, List<string[]> lines)
    {
        var widths = Enumerable.Range(0, Columns.Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        for (var index = 0; index < lines.Count; index++)
        {
            text.AppendLine("| " + string.Join(" | ", lines[index].Select((cell, column) => cell.PadRight(widths[column]))) + " |");
            if (index == 0)
                text.AppendLine("|" + string.Join("|", widths.Select(width => new string('-', width + 2))) + "|");
        }
    }
}
