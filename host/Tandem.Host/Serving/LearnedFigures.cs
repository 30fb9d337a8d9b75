using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Tandem.Host.Storage;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>What a worker learned of a model and a draft on a runtime: where the next load begins.</summary>
/// <param name="Draft">Key; empty: of the model alone.</param>
public readonly record struct LearnedKey(string Model, string Draft, string Runtime);

/// <summary>
/// What workers have learned of models and pairs, kept in the database and, because a load cannot wait for it, in memory: their cost curves
/// and acceptance by position. The next worker begins there.
/// </summary>
public sealed class LearnedFigures
{
    private static readonly TimeSpan LearnEvery = TimeSpan.FromSeconds(30);

    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<LearnedFigures> _logger;
    private readonly ConcurrentDictionary<LearnedKey, (CostCurve Cost, AcceptancePrior Prior)> _learned = new();
    private readonly ConcurrentDictionary<string, long> _learnedAt = new();

    public LearnedFigures(Database database, TimeProvider clock, ILogger<LearnedFigures> logger)
    {
        (_database, _clock, _logger) = (database, clock, logger);
        Read = ReadAsync();
    }

    public static Schema Schema { get; } = new(
        "learned",
        """
        CREATE TABLE learned_figures (
            model TEXT NOT NULL, draft TEXT NOT NULL, runtime TEXT NOT NULL, cost BLOB NOT NULL, acceptance BLOB NOT NULL, changed_at TEXT NOT NULL,
            PRIMARY KEY (model, draft, runtime)) STRICT;
        """);

    /// <summary>Completes when what was kept is known; never faults.</summary>
    public Task Read { get; }

    /// <summary>Adds what is known to a load.</summary>
    public void AddTo(LoadModelRequest request, string runtime)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_learned.TryGetValue(new LearnedKey(request.Model.Key, "", runtime), out var main))
            request.Cost = main.Cost;
        if (request.Draft is { } draft)
            AddTo(draft, request.Model.Key, runtime);
    }

    /// <inheritdoc cref="AddTo(LoadModelRequest, string)"/>
    public void AddTo(DraftModel draft, string model, string runtime)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (_learned.TryGetValue(new LearnedKey(model, draft.Model.Key, runtime), out var pair))
            (draft.Cost, draft.AcceptancePrior) = (pair.Cost, pair.Prior);
    }

    /// <summary>Whether a worker of a model should be asked again; the asking is up to the caller, and counted.</summary>
    public bool IsDue(string model)
    {
        var now = _clock.GetTimestamp();
        if (_learnedAt.TryGetValue(model, out var last) && _clock.GetElapsedTime(last, now) < LearnEvery)
            return false;
        _learnedAt[model] = now;
        return true;
    }

    /// <summary>Lets the next answer of a model be one after which its worker is asked.</summary>
    public void MakeDue(string model) => _learnedAt.TryRemove(model, out _);

    /// <summary>Keeps what a worker reports of itself.</summary>
    public Task LearnAsync(string model, string runtime, StatsResponse stats, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stats);
        List<(LearnedKey Key, CostCurve Cost, AcceptancePrior Prior)> news = [];
        if (stats.Cost is { Points.Count: > 0 })
            news.Add((new LearnedKey(model, "", runtime), stats.Cost, new AcceptancePrior()));
        if (stats.Draft is { Key.Length: > 0 } draft && stats.DraftCost is { Points.Count: > 0 })
            news.Add((new LearnedKey(model, draft.Key, runtime), stats.DraftCost, stats.Acceptance ?? new AcceptancePrior()));
        foreach (var (key, cost, prior) in news)
            _learned[key] = (cost, prior);
        return WriteAsync(
            connection =>
            {
                foreach (var (key, cost, prior) in news)
                {
                    connection.Execute(
                        """
                        INSERT INTO learned_figures VALUES ($model, $draft, $runtime, $cost, $acceptance, $at)
                        ON CONFLICT (model, draft, runtime) DO UPDATE SET cost = excluded.cost, acceptance = excluded.acceptance, changed_at = excluded.changed_at
                        """,
                        ("$model", key.Model), ("$draft", key.Draft), ("$runtime", key.Runtime),
                        ("$cost", cost.ToByteArray()), ("$acceptance", prior.ToByteArray()),
                        ("$at", Now));
                }
            },
            cancellationToken);
    }

    private string Now => _clock.GetUtcNow().ToString("O");

    private async Task ReadAsync()
    {
        try
        {
            await _database.RunAsync(ReadAll, CancellationToken.None);
        }
        catch (StorageException exception)
        {
            ServingLog.FiguresNotRead(_logger, exception.Message);
        }
    }

    private void ReadAll(SqliteConnection connection)
    {
        foreach (var (key, cost, prior) in connection.Query(
            "SELECT model, draft, runtime, cost, acceptance FROM learned_figures",
            row => (new LearnedKey(row.GetString(0), row.GetString(1), row.GetString(2)), row.GetFieldValue<byte[]>(3), row.GetFieldValue<byte[]>(4))))
        {
            // What has been learned since the start is newer.
            _learned.TryAdd(key, (CostCurve.Parser.ParseFrom(cost), AcceptancePrior.Parser.ParseFrom(prior)));
        }
    }

    /// <summary>Measurements are worth keeping, and not worth failing for.</summary>
    private async Task WriteAsync(Action<SqliteConnection> write, CancellationToken cancellationToken)
    {
        try
        {
            await _database.RunAsync(write, cancellationToken);
        }
        catch (StorageException exception)
        {
            ServingLog.FiguresNotKept(_logger, exception.Message);
        }
    }
}
