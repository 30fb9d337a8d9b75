using Tandem.Plugins.LlamaCpp.Gguf;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>Turns the headers of a model's files into its description.</summary>
internal static class GgufDescriber
{
    private const int MostLayers = 4096;

    // Architectures of llama.cpp that only embed; others that embed say so by a pooling type.
    private static readonly HashSet<string> EmbeddingArchitectures =
        ["bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert", "gemma-embedding", "t5encoder"];

    public static DescribeResult Describe(ModelSource source, VocabularyCache vocabularies, CancellationToken cancellationToken)
    {
        var file = source.Path;
        try
        {
            if (GgufFolder.PartCount(source.Path) is var parts && parts != source.Files.Count)
                return new DescribeResult.Broken($"Of its {parts} parts {source.Files.Count} are here.", "split.count");
            var headers = new List<GgufHeader>(source.Files.Count);
            foreach (var path in source.Files)
            {
                file = path;
                headers.Add(GgufHeader.Read(path, vocabularies, cancellationToken));
            }
            file = source.Path;
            return Describe(source, headers);
        }
        catch (GgufException exception)
        {
            return new DescribeResult.Broken($"{Path.GetFileName(file)}: {exception.Field} {exception.Message}.", exception.Field);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new DescribeResult.Broken($"{Path.GetFileName(file)} cannot be read: {exception.Message}", null);
        }
    }

    private static DescribeResult.Described Describe(ModelSource source, List<GgufHeader> headers)
    {
        var metadata = headers[0].Metadata;
        var architecture = metadata.Text(GgufKeys.Architecture) ?? throw new GgufException("is missing", GgufKeys.Architecture);
        if (metadata.Text("general.type") is { } type and not ("model" or "mmproj"))
            throw new GgufException($"is \"{type}\": this file is no model of its own", "general.type");
        var kind = KindOf(metadata, architecture);
        if (kind == ModelKind.Projector)
            throw new GgufException($"is \"{architecture}\": a projector belongs to another model", GgufKeys.Architecture);
        var layers = metadata.Positive($"{architecture}.block_count", MostLayers);
        var embedding = metadata.Positive($"{architecture}.embedding_length", 1 << 20);
        var (keys, values) = CacheElements(metadata, architecture, layers, embedding);
        var vocabulary = headers[0].Vocabulary;
        return new DescribeResult.Described(new ModelDescription
        {
            EngineId = LlamaCppPlugin.EngineId,
            Format = GgufFolder.Format,
            Kind = kind,
            Architecture = architecture,
            Name = metadata.Text("general.name"),
            Quantization = QuantizationOf(headers),
            ParameterCount = headers.Sum(header => header.Tensors.Elements),
            FileSize = headers.Sum(header => header.FileLength),
            ContextLength = metadata.Positive($"{architecture}.context_length", int.MaxValue),
            LayerCount = layers,
            EmbeddingLength = embedding,
            KeyElementsPerToken = keys,
            ValueElementsPerToken = values,
            Tokenizer = vocabulary is null ? null : GgufTokenizer.Describe(metadata, vocabulary, headers.Max(header => header.Tensors.VocabularyRows)),
            ChatTemplate = metadata.Text(GgufKeys.Template),
            NamedTemplates = NamedTemplates(metadata),
            AcceptsMedia = source.ProjectorPath is not null,
        }, vocabulary);
    }

    private static ModelKind KindOf(GgufMetadata metadata, string architecture)
    {
        if (architecture == "clip" || metadata.Text("general.type") == "mmproj")
            return ModelKind.Projector;
        var pools = (metadata.Integer($"{architecture}.pooling_type") ?? 0) != 0;
        return pools || EmbeddingArchitectures.Contains(architecture) ? ModelKind.Embedding : ModelKind.Language;
    }

    /// <summary>Elements of keys and of values that one token adds to the cache, over all layers.</summary>
    private static (long Keys, long Values) CacheElements(GgufMetadata metadata, string architecture, int layers, int embedding)
    {
        var headKey = $"{architecture}.attention.head_count";
        var heads = metadata.PerLayer(headKey, layers);
        if (heads is null)
            return (0, 0);
        var cacheHeads = metadata.PerLayer($"{architecture}.attention.head_count_kv", layers) ?? heads;
        var widest = heads.Max();
        if (widest is < 1 or > 1 << 20 || cacheHeads.Any(count => count is < 0 or > 1 << 20))
            throw new GgufException("is out of range", headKey);
        var size = embedding / widest;
        var keySize = metadata.Integer($"{architecture}.attention.key_length") ?? size;
        var valueSize = metadata.Integer($"{architecture}.attention.value_length") ?? size;
        if (keySize is < 0 or > 1 << 20 || valueSize is < 0 or > 1 << 20)
            throw new GgufException("is out of range", $"{architecture}.attention.key_length");
        var total = cacheHeads.Sum();
        return (total * keySize, total * valueSize);
    }

    private static string QuantizationOf(List<GgufHeader> headers)
    {
        if (headers[0].Metadata.Integer("general.file_type") is { } type && GgufTensorTypes.FileTypes.TryGetValue(type, out var name))
            return name;
        var most = headers.SelectMany(header => header.Tensors.ElementsByType).GroupBy(entry => entry.Key, entry => entry.Value)
            .OrderByDescending(group => group.Sum()).FirstOrDefault();
        return most is null ? "unknown" : GgufTensorTypes.Names.GetValueOrDefault(most.Key, $"type {most.Key}");
    }

    private static Dictionary<string, string> NamedTemplates(GgufMetadata metadata)
    {
        const string prefix = GgufKeys.Template + ".";
        return metadata.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(key => key[prefix.Length..], key => metadata.Text(key) ?? "");
    }
}
