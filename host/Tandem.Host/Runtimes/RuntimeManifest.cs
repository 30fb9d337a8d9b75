using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>A runtime's <c>manifest.json</c>: <see cref="RuntimeInfo"/> with its names in camelCase.</summary>
internal static class RuntimeManifest
{
    public const string FileName = "manifest.json";
    // A Python environment has some ten thousand files.
    private const int LongestFile = 16 * 1024 * 1024;

    /// <summary>Null and a reason when the folder holds no usable manifest.</summary>
    public static RuntimeInfo? Read(string folder, out string reason)
    {
        reason = "";
        try
        {
            var path = Path.Combine(folder, FileName);
            if (new FileInfo(path).Length > LongestFile)
            {
                reason = $"{FileName} is larger than {LongestFile} bytes";
                return null;
            }

            var runtime = JsonSerializer.Deserialize(File.ReadAllBytes(path), RuntimeJson.Default.RuntimeInfo);
            if (runtime is not null)
                return Complete(runtime) with { Folder = Path.GetFullPath(folder) };
            reason = $"{FileName} is null";
        }
        catch (JsonException exception)
        {
            // The message names the missing or wrong field and where it stands.
            reason = $"{FileName}: {exception.Message}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reason = $"{FileName} cannot be read: {exception.Message}";
        }

        return null;
    }

    /// <summary>Writes it, whole or not at all; with it the folder becomes a runtime.</summary>
    public static void Write(string folder, RuntimeInfo runtime) =>
        AtomicFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(runtime with { Folder = "" }, RuntimeJson.Default.RuntimeInfo));

    /// <summary>Fields that a manifest may leave out: the generated reader sets them to null or 0 rather than to their defaults.</summary>
    private static RuntimeInfo Complete(RuntimeInfo read) => read with
    {
        CpuFeatures = read.CpuFeatures ?? [],
        Files = read.Files ?? new Dictionary<string, string>(),
        ProtocolMin = Math.Max(1, read.ProtocolMin),
        ProtocolMax = Math.Max(1, read.ProtocolMax),
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, WriteIndented = true,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(RuntimeInfo))]
internal sealed partial class RuntimeJson : JsonSerializerContext;
