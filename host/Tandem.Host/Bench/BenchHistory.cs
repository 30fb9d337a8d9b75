using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tandem.Host.Pairs;
using Tandem.Host.Storage;

namespace Tandem.Host.Bench;

/// <summary>What benchmarks found: whole reports for people, acceptance and speed-up of each pair for the ranking of drafts.</summary>
internal sealed class BenchHistory(Database database, PairStore pairs, ILogger<BenchHistory> logger)
{
    private const int MostListed = 50;

    public static Schema Schema { get; } = new(
        "bench",
        """
        CREATE TABLE bench_reports (id INTEGER PRIMARY KEY, model TEXT NOT NULL, report TEXT NOT NULL) STRICT;
        CREATE INDEX bench_reports_model ON bench_reports (model, id);
        """);

    /// <summary>A report that cannot be kept is still worth printing: that is only logged.</summary>
    public async Task KeepAsync(BenchReport report, CancellationToken cancellationToken)
    {
        try
        {
            await database.RunAsync(
                connection => connection.Execute(
                    "INSERT INTO bench_reports (model, report) VALUES ($model, $report)",
                    ("$model", report.Model), ("$report", JsonSerializer.Serialize(report, BenchJson.Wire.BenchReport))),
                cancellationToken);
            foreach (var row in report.Rows)
            {
                if (row is { Draft: { } draft, IsModel: true } && row.Groups[0] is { Acceptance: { } acceptance, SpeedUp: { } speedUp })
                    await pairs.RecordAsync(report.Model, draft, new PairMeasurement(acceptance, speedUp.Median), cancellationToken);
            }
        }
        catch (StorageException exception)
        {
            BenchLog.NotKept(logger, exception.Message);
        }
    }

    /// <summary>Newest first.</summary>
    /// <param name="model">Null: of all models.</param>
    public async Task<IReadOnlyList<BenchReport>> ListAsync(string? model, CancellationToken cancellationToken)
    {
        var kept = await database.RunAsync(
            connection => connection.Query(
                "SELECT report FROM bench_reports WHERE $model = '' OR model = $model ORDER BY id DESC LIMIT $most",
                row => row.GetString(0), ("$model", model ?? ""), ("$most", MostListed)),
            cancellationToken);
        return [.. kept.Select(report => JsonSerializer.Deserialize(report, BenchJson.Wire.BenchReport)).OfType<BenchReport>()];
    }
}
