using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tandem.Host.Runtimes.Survey;
using Tandem.Host.Storage;

namespace Tandem.Host.Runtimes;

/// <summary>What is remembered of runtimes over restarts: choices, loads that failed, surveys.</summary>
internal sealed class RuntimeRecords(Database database)
{
    public static Schema Schema { get; } = new("runtimes", """
        CREATE TABLE runtimes_selected (format TEXT PRIMARY KEY, runtime TEXT NOT NULL, pinned INTEGER NOT NULL, previous TEXT, on_trial INTEGER NOT NULL, notice TEXT) STRICT;
        CREATE TABLE runtimes_overrides (model TEXT PRIMARY KEY, runtime TEXT NOT NULL) STRICT;
        CREATE TABLE runtimes_failed (runtime TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL) STRICT;
        CREATE TABLE runtimes_surveys (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL, result TEXT NOT NULL) STRICT;
        """);

    /// <summary>Choices and failed loads.</summary>
    public Task<RuntimeState> LoadAsync(CancellationToken cancellationToken) => database.RunAsync(
        c => new RuntimeState
        {
            Selected = c.Query("SELECT format, runtime, pinned, previous, on_trial, notice FROM runtimes_selected",
                row => (Format: row.GetString(0), Selection: new Selection(row.GetString(1), row.GetBoolean(2), row.GetText(3), row.GetBoolean(4), row.GetText(5))))
                .ToImmutableDictionary(row => row.Format, row => row.Selection),
            Overrides = c.Query("SELECT model, runtime FROM runtimes_overrides", row => (Model: row.GetString(0), Runtime: row.GetString(1)))
                .ToImmutableDictionary(row => row.Model, row => row.Runtime),
            Failed = c.Query("SELECT runtime, reason, at FROM runtimes_failed",
                row => (Runtime: row.GetString(0), Load: new FailedLoad(row.GetString(1), DateTimeOffset.Parse(row.GetString(2), CultureInfo.InvariantCulture))))
                .ToImmutableDictionary(row => row.Runtime, row => row.Load),
        },
        cancellationToken);

    /// <summary>Writes choices and failed loads as they are in <paramref name="state"/>; a handful of rows.</summary>
    public Task SaveAsync(RuntimeState state, CancellationToken cancellationToken) => database.RunAsync(
        c =>
        {
            c.Execute("DELETE FROM runtimes_selected; DELETE FROM runtimes_overrides; DELETE FROM runtimes_failed");
            foreach (var (format, selection) in state.Selected)
            {
                c.Execute("INSERT INTO runtimes_selected VALUES ($format, $runtime, $pinned, $previous, $trial, $notice)",
                    ("$format", format), ("$runtime", selection.RuntimeId), ("$pinned", selection.Pinned), ("$previous", selection.Previous),
                    ("$trial", selection.OnTrial), ("$notice", selection.Notice));
            }

            foreach (var (model, runtime) in state.Overrides)
                c.Execute("INSERT INTO runtimes_overrides VALUES ($model, $runtime)", ("$model", model), ("$runtime", runtime));
            foreach (var (runtime, load) in state.Failed)
            {
                c.Execute("INSERT INTO runtimes_failed VALUES ($runtime, $reason, $at)",
                    ("$runtime", runtime), ("$reason", load.Reason), ("$at", load.At.ToString("O", CultureInfo.InvariantCulture)));
            }
        },
        cancellationToken);

    /// <summary>Surveys by folder, each with the stamp under which it holds.</summary>
    public Task<Dictionary<string, (string Stamp, SurveyResult Result)>> LoadSurveysAsync(CancellationToken cancellationToken) => database.RunAsync(
        c => c.Query("SELECT folder, stamp, result FROM runtimes_surveys",
                row => (Folder: row.GetString(0), Stamp: row.GetString(1), Result: JsonSerializer.Deserialize(row.GetString(2), ProbeJson.Default.SurveyResult)!))
            .ToDictionary(row => row.Folder, row => (row.Stamp, row.Result)),
        cancellationToken);

    public Task SaveSurveyAsync(string folder, string stamp, SurveyResult result, CancellationToken cancellationToken) => database.RunAsync(
        c =>
        {
            c.Execute("INSERT INTO runtimes_surveys VALUES ($folder, $stamp, $result) ON CONFLICT (folder) DO UPDATE SET stamp = excluded.stamp, result = excluded.result",
                ("$folder", folder), ("$stamp", stamp), ("$result", JsonSerializer.Serialize(result, ProbeJson.Default.SurveyResult)));
        },
        cancellationToken);
}
