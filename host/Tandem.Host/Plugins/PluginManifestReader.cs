using System.Text.Json;
using Tandem.Plugins;

namespace Tandem.Host.Plugins;

/// <summary>Reads a <see cref="PluginManifest"/>, naming the field that is wrong.</summary>
internal static class PluginManifestReader
{
    private const int LongestFile = 64 * 1024;
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Null and a reason when it is no manifest.</summary>
    public static PluginManifest? Read(string path, out string reason)
    {
        try
        {
            if (new FileInfo(path).Length > LongestFile)
            {
                reason = $"{PluginContract.ManifestFile} is larger than {LongestFile} bytes";
                return null;
            }

            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            return Parse(document.RootElement, out reason);
        }
        catch (JsonException exception)
        {
            reason = $"{PluginContract.ManifestFile} is not JSON: {exception.Message}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reason = $"{PluginContract.ManifestFile} cannot be read: {exception.Message}";
        }

        return null;
    }

    private static PluginManifest? Parse(JsonElement root, out string reason)
    {
        reason = root.ValueKind == JsonValueKind.Object ? "" : $"{PluginContract.ManifestFile} is not an object";
        if (reason.Length > 0)
            return null;
        var id = Text(root, "id", ref reason);
        var assembly = Text(root, "assembly", ref reason);
        var type = Text(root, "type", ref reason);
        var contract = 0;
        if (!root.TryGetProperty("contract", out var number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out contract))
            reason = Wrong("contract", "a whole number");
        else if (reason.Length == 0 && Path.GetFileName(assembly) != assembly)
            reason = Wrong("assembly", "a file name without a folder");
        return reason.Length == 0 ? new PluginManifest(id, contract, assembly, type) : null;
    }

    private static string Text(JsonElement root, string field, ref string reason)
    {
        if (root.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text)
            return text;
        reason = Wrong(field, "a text");
        return "";
    }

    private static string Wrong(string field, string expected) => $"field '{field}' of {PluginContract.ManifestFile} must be {expected}";
}
