using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Models;

/// <summary>Defaults that ship with the embedded models: <c>models/defaults.json</c>, by key, in the form that the API has.</summary>
internal static class EmbeddedDefaults
{
    public const string FileName = "defaults.json";

    public static IReadOnlyDictionary<string, ModelDefaults> Read(string folder, ILogger logger)
    {
        var path = Path.Combine(folder, FileName);
        var read = new Dictionary<string, ModelDefaults>(StringComparer.Ordinal);
        if (!File.Exists(path))
            return read;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var model in document.RootElement.EnumerateObject())
                read[model.Name] = ModelDefaults.Read(model.Value, (field, expected) => ModelLog.DefaultIgnored(logger, field, model.Name, expected));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            ModelLog.DefaultsUnreadable(logger, path, exception.Message);
        }

        return read;
    }
}
