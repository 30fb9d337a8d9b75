using System.Globalization;
using System.Text;

namespace Tandem.Cli;

/// <summary>The line under an answer.</summary>
internal static class StatsLine
{
    public static string Of(StatsView stats, int tokens)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{stats.TokensPerSecond:0.0} tok/s · {tokens} tokens · ");
        line.Append(CultureInfo.InvariantCulture, $"{stats.TimeToFirstToken:0.00} s to first token · stop: {stats.StopReason}");
        if (stats is { DraftModel: { } draft, TotalDraftTokensCount: { } total, AcceptedDraftTokensCount: { } accepted })
        {
            line.Append(CultureInfo.InvariantCulture, $" · draft: {draft} · accepted {accepted}/{total}");
            if (total > 0)
                line.Append(CultureInfo.InvariantCulture, $" ({100.0 * accepted / total:0.0}%)");
        }

        if (stats.SpeculationNote is { Length: > 0 } note)
            line.Append(CultureInfo.InvariantCulture, $" · {note}");
        return line.ToString();
    }
}
