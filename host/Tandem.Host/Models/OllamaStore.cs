using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>A model of an Ollama store: its manifest names the files, which lie among the blobs under their hashes.</summary>
/// <param name="Name"><c>namespace/name</c>, from the manifest's folders.</param>
internal sealed record OllamaModel(string Name, ModelSource Source, IReadOnlyList<FolderFile> Files);

/// <summary>
/// Reads Ollama's blob store in place: <c>manifests/HOST/NAMESPACE/NAME/TAG</c>, each a small JSON file whose layers point to
/// <c>blobs/sha256-…</c>. Nothing is written.
/// </summary>
internal static class OllamaStore
{
    private const string Manifests = "manifests";
    private const string Blobs = "blobs";
    private const string Format = "gguf";
    private const string ModelLayer = "application/vnd.ollama.image.model";
    private const string ProjectorLayer = "application/vnd.ollama.image.projector";
    private const int MostManifests = 10_000;
    private const int LongestManifest = 1 << 20;
    private const int TagDepth = 4;
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 16 };

    public static bool IsOne(FolderContent content) => Has(content, Manifests) && Has(content, Blobs);

    /// <summary>Folders of a store that hold no models of their own.</summary>
    public static bool IsInside(FolderToScan folder) => Path.GetFileName(folder.Path) is Manifests or Blobs;

    public static IEnumerable<OllamaModel> Find(FolderToScan store, ILogger logger, CancellationToken cancellationToken)
    {
        var blobs = Path.Combine(store.Path, Blobs);
        var open = new Stack<FolderToScan>([FolderToScan.Root(Path.Combine(store.Path, Manifests))]);
        var seen = 0;
        while (open.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (List(folder, logger) is not { } content)
                continue;
            foreach (var sub in content.Folders.Where(sub => sub.Depth < TagDepth))
                open.Push(sub);
            // HOST/NAMESPACE/NAME/TAG: shorter paths name no model.
            if (folder.Depth != TagDepth - 1)
                continue;
            foreach (var manifest in content.Files)
            {
                if (++seen > MostManifests)
                    yield break;
                if (Read(folder, manifest, blobs, logger) is { } model)
                    yield return model;
            }
        }
    }

    private static OllamaModel? Read(FolderToScan folder, FolderFile manifest, string blobs, ILogger logger)
    {
        var path = Path.Combine(folder.Path, manifest.Name);
        try
        {
            if (manifest.Size is 0 or > LongestManifest)
                throw new JsonException($"a manifest has 1 to {LongestManifest} bytes");
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), Json);
            var layers = document.RootElement.GetProperty("layers").EnumerateArray().ToList();
            if (Blob(layers, ModelLayer, blobs) is not { } model)
                return null;
            var name = Path.GetFileName(folder.Path);
            var owner = Path.GetFileName(Path.GetDirectoryName(folder.Path)) ?? "";
            var info = new FileInfo(model);
            var size = info.Exists ? info.Length : 0;
            var source = new ModelSource(Format, model, [model], name, false, Blob(layers, ProjectorLayer, blobs), manifest.Name);
            return new OllamaModel($"{owner}/{name}", source, [new FolderFile(info.Name, size, info.LastWriteTimeUtc)]);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException
            or IOException or UnauthorizedAccessException)
        {
            ModelLog.Unusable(logger, path, exception.Message);
            return null;
        }
    }

    /// <summary>Path of the first layer of a type. A digest with anything but letters, digits and the colon could lead out of the store.</summary>
    private static string? Blob(List<JsonElement> layers, string type, string blobs)
    {
        var layer = layers.Find(layer => layer.GetProperty("mediaType").ValueEquals(type));
        if (layer.ValueKind == JsonValueKind.Undefined)
            return null;
        var digest = layer.GetProperty("digest").GetString() ?? "";
        return digest.Length is > 0 and < 200 && digest.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == ':')
            ? Path.Combine(blobs, digest.Replace(':', '-'))
            : throw new JsonException($"the digest \"{digest}\" is none");
    }

    private static FolderContent? List(FolderToScan folder, ILogger logger)
    {
        try
        {
            return FolderLister.List(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ModelLog.FolderSkipped(logger, folder.Path, exception.Message);
            return null;
        }
    }

    private static bool Has(FolderContent content, string name) => content.Folders.Any(folder => Path.GetFileName(folder.Path) == name);
}
