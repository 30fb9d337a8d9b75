using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Storage;

/// <summary>
/// What the user has set, kept over restarts; a setting that was not set has its default. Readers see one snapshot at a time; until the
/// database is open that is the defaults.
/// </summary>
public sealed class SettingsStore
{
    public static readonly Schema Schema = new("settings", "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT");

    private readonly Database _database;
    private readonly ILogger<SettingsStore> _logger;
    private ImmutableDictionary<string, object> _values = ImmutableDictionary<string, object>.Empty;

    public SettingsStore(Database database, IEnumerable<Setting> known, ILogger<SettingsStore> logger)
    {
        (_database, _logger) = (database, logger);
        Known = known.ToDictionary(setting => setting.Key);
        Loaded = LoadAsync();
    }

    /// <summary>By key.</summary>
    public IReadOnlyDictionary<string, Setting> Known { get; }

    /// <summary>Completes when what is stored has been read; never faults.</summary>
    public Task Loaded { get; }

    /// <summary>Raised after a change.</summary>
    public event Action? Changed;

    public T Get<T>(Setting setting)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(setting);
        return (T)_values.GetValueOrDefault(setting.Key, setting.Default);
    }

    public object Get(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return _values.GetValueOrDefault(setting.Key, setting.Default);
    }

    /// <summary>Sets all of <paramref name="changes"/> or, if one is wrong, none. A null puts the default back.</summary>
    /// <returns>What is wrong, naming the setting; null when they are set.</returns>
    public async Task<Failure?> SetAsync(JsonElement changes, CancellationToken cancellationToken)
    {
        var wanted = new List<(string Key, object? Value, string Json)>();
        foreach (var change in changes.EnumerateObject())
        {
            if (!Known.TryGetValue(change.Name, out var setting))
                return new Failure(FailureCodes.InvalidValue, $"There is no setting '{change.Name}'.", change.Name, "GET /api/tandem/settings lists them.");
            var (value, problem) = change.Value.ValueKind == JsonValueKind.Null ? (null, null) : setting.Read(change.Value);
            if (problem is not null)
                return new Failure(FailureCodes.InvalidValue, $"The setting '{change.Name}' cannot have this value: {problem}.", change.Name);
            wanted.Add((change.Name, value, change.Value.GetRawText()));
        }

        await Loaded;
        await _database.RunAsync(
            connection =>
            {
                foreach (var (key, value, json) in wanted)
                {
                    if (value is null)
                        connection.Execute("DELETE FROM settings WHERE key = $key", ("$key", key));
                    else
                        connection.Execute("INSERT OR REPLACE INTO settings VALUES ($key, $value)", ("$key", key), ("$value", json));
                }
            },
            cancellationToken);
        foreach (var (key, value, _) in wanted)
            ImmutableInterlocked.Update(ref _values, all => value is null ? all.Remove(key) : all.SetItem(key, value));
        Changed?.Invoke();
        return null;
    }

    private async Task LoadAsync()
    {
        try
        {
            var rows = await _database.RunAsync(
                connection => connection.Query("SELECT key, value FROM settings", row => (Key: row.GetString(0), Json: row.GetString(1))),
                CancellationToken.None);
            var values = ImmutableDictionary.CreateBuilder<string, object>();
            foreach (var (key, json) in rows)
            {
                // A setting that is not known any more stays in the file and does nothing.
                if (Known.TryGetValue(key, out var setting) && Parse(setting, json) is { } value)
                    values[key] = value;
            }

            _values = values.ToImmutable();
            if (rows.Count > 0)
                Changed?.Invoke();
        }
        catch (StorageException exception)
        {
            StorageLog.Failed(_logger, exception);
        }
    }

    private static object? Parse(Setting setting, string json)
    {
        using var document = JsonDocument.Parse(json);
        return setting.Read(document.RootElement).Value;
    }
}
