using System.Collections.Concurrent;
using Tandem.Host.Storage;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>What the database keeps of pairs: the rule's verdicts by tokenizer class, and what runs on this machine have shown.</summary>
public sealed class PairStore(Database database) : IFitArchive
{
    internal static readonly Schema Schema = new("pairs",
        """
        CREATE TABLE pairs_fits (main TEXT NOT NULL, draft TEXT NOT NULL, fit INTEGER NOT NULL, PRIMARY KEY (main, draft)) STRICT, WITHOUT ROWID;
        CREATE TABLE pairs_measured (main TEXT NOT NULL, draft TEXT NOT NULL, acceptance REAL NOT NULL, speed_up REAL, PRIMARY KEY (main, draft)) STRICT, WITHOUT ROWID;
        """);

    private readonly ConcurrentDictionary<(string Main, string Draft), PairMeasurement> _measured = new();

    /// <summary>What was measured of a pair, by the keys of main model and draft; null when nothing was.</summary>
    public PairMeasurement? Find(string main, string draft) => _measured.GetValueOrDefault((main, draft));

    /// <summary>Replaces what is known of a pair; on the disk when it returns.</summary>
    public async Task RecordAsync(string main, string draft, PairMeasurement measurement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        _measured[(main, draft)] = measurement;
        await database.RunAsync(
            c => c.Execute("INSERT OR REPLACE INTO pairs_measured VALUES ($main, $draft, $acceptance, $speed)",
                ("$main", main), ("$draft", draft), ("$acceptance", measurement.Acceptance), ("$speed", measurement.SpeedUp)),
            cancellationToken);
    }

    async Task<IReadOnlyDictionary<(string Main, string Draft), PairFit>> IFitArchive.LoadAsync(CancellationToken cancellationToken)
    {
        var (fits, measured) = await database.RunAsync(
            c => (c.Query("SELECT main, draft, fit FROM pairs_fits", row => ((row.GetString(0), row.GetString(1)), (PairFit)row.GetInt32(2))),
                c.Query("SELECT main, draft, acceptance, speed_up FROM pairs_measured",
                    row => ((row.GetString(0), row.GetString(1)), new PairMeasurement(row.GetDouble(2), row.IsDBNull(3) ? null : row.GetDouble(3))))),
            cancellationToken);
        foreach (var (pair, measurement) in measured)
            _measured.TryAdd(pair, measurement);
        return fits.ToDictionary(entry => entry.Item1, entry => entry.Item2);
    }

    Task IFitArchive.SaveAsync(IReadOnlyDictionary<(string Main, string Draft), PairFit> fits, CancellationToken cancellationToken) =>
        database.RunAsync(
            c =>
            {
                c.Execute("DELETE FROM pairs_fits");
                foreach (var ((main, draft), fit) in fits)
                    c.Execute("INSERT INTO pairs_fits VALUES ($main, $draft, $fit)", ("$main", main), ("$draft", draft), ("$fit", (int)fit));
            },
            cancellationToken);
}
