using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Host.Storage;

namespace Tandem.Host.Models;

/// <summary>
/// The defaults that the user set, by model key: kept in the database, read once at start, written through. What ships with a model stays
/// beneath them.
/// </summary>
public sealed class DefaultsStore(Database database, ILogger<DefaultsStore> logger) : IHostedService
{
    internal static readonly Schema Schema = new("defaults", "CREATE TABLE defaults_models (key TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT");

    private readonly ConcurrentDictionary<string, Stored> _stored = new(StringComparer.Ordinal);

    /// <summary>What the user set for a model; null when nothing was.</summary>
    public ModelDefaults? Find(string key) => _stored.GetValueOrDefault(key)?.Defaults;

    /// <summary>The stored object of a model with a change laid over it: null takes a setting back, an object is changed field by field.</summary>
    internal JsonObject Changed(string key, JsonElement change) =>
        Merge((JsonObject)(_stored.GetValueOrDefault(key)?.Json.DeepClone() ?? new JsonObject()), change);

    /// <summary>Replaces what is stored for a model; on the disk when it returns.</summary>
    internal async Task SetAsync(string key, JsonObject settings, ModelDefaults defaults, CancellationToken cancellationToken)
    {
        if (settings.Count == 0)
        {
            await database.RunAsync(c => c.Execute("DELETE FROM defaults_models WHERE key = $key", ("$key", key)), cancellationToken);
            _stored.TryRemove(key, out _);
            return;
        }

        await database.RunAsync(
            c => c.Execute("INSERT INTO defaults_models VALUES ($key, $settings) ON CONFLICT (key) DO UPDATE SET settings = $settings",
                ("$key", key), ("$settings", settings.ToJsonString())),
            cancellationToken);
        _stored[key] = new Stored(settings, defaults);
    }

    /// <summary>Reads what is stored; a request may come right after the start.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var rows = await database.RunAsync(
                c => c.Query("SELECT key, settings FROM defaults_models", row => (row.GetString(0), row.GetString(1))), cancellationToken);
            foreach (var (key, settings) in rows)
                Take(key, settings);
        }
        catch (StorageException exception)
        {
            ModelLog.DefaultsUnreadable(logger, "tandem.db", exception.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Take(string key, string settings)
    {
        using var document = JsonDocument.Parse(settings);
        // What a newer or older Tandem wrote and this one does not know is left out, and kept.
        var defaults = ModelDefaults.Read(document.RootElement, (path, expected) => ModelLog.DefaultIgnored(logger, path, key, expected));
        _stored[key] = new Stored(JsonObject.Create(document.RootElement.Clone())!, defaults);
    }

    private static JsonObject Merge(JsonObject target, JsonElement change)
    {
        foreach (var property in change.EnumerateObject())
        {
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Null:
                    target.Remove(property.Name);
                    break;
                case JsonValueKind.Object:
                    target[property.Name] = Merge(target[property.Name] is JsonObject old ? (JsonObject)old.DeepClone() : [], property.Value);
                    break;
                default:
                    target[property.Name] = JsonNode.Parse(property.Value.GetRawText());
                    break;
            }
        }

        return target;
    }

    private sealed record Stored(JsonObject Json, ModelDefaults Defaults);
}
