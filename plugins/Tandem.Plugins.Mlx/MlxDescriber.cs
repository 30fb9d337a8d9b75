using System.Text.Json;

namespace Tandem.Plugins.Mlx;

/// <summary>Describes an MLX folder from config.json, tokenizer.json, tokenizer_config.json and the headers of its weights.</summary>
internal static class MlxDescriber
{
    private static readonly HashSet<string> EmbeddingTypes = ["bert", "modernbert", "xlm-roberta", "roberta", "nomic_bert"];

    public static DescribeResult Describe(ModelSource source, MlxTokenizerCache tokenizers, CancellationToken cancellationToken)
    {
        try
        {
            return DescribeFolder(source, tokenizers, cancellationToken);
        }
        catch (MlxException exception)
        {
            return new DescribeResult.Broken($"{exception.Field} {exception.Message}.", exception.Field);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new DescribeResult.Broken($"{Path.GetFileName(source.Path)} cannot be read: {exception.Message}", null);
        }
    }

    private static DescribeResult.Described DescribeFolder(ModelSource source, MlxTokenizerCache tokenizers, CancellationToken cancellationToken)
    {
        using var document = JsonHead.ReadConfig(Path.Combine(source.Path, MlxFolder.ConfigFile));
        var config = new MlxConfig(document.RootElement);
        var weights = MlxWeights.Read(source, config, cancellationToken);
        var tokenizer = tokenizers.Read(Path.Combine(source.Path, MlxFolder.TokenizerFile), cancellationToken);
        var texts = MlxTokenizerTexts.Read(source.Path);
        var layers = config.Positive("num_hidden_layers", 4096);
        var width = config.Positive("hidden_size", 1 << 20);
        var heads = config.Integer("num_attention_heads") ?? 1;
        var headSize = config.Integer("head_dim") ?? width / Math.Max(1, heads);
        var cache = (long)layers * (config.Integer("num_key_value_heads") ?? heads) * headSize;
        return new DescribeResult.Described(new ModelDescription
        {
            EngineId = MlxPlugin.EngineId,
            Format = MlxFolder.Format,
            Kind = EmbeddingTypes.Contains(config.ModelType) ? ModelKind.Embedding : ModelKind.Language,
            Architecture = config.ModelType,
            Quantization = config.Bits is { } bits ? $"{bits}bit" : weights.MostCommonType,
            ParameterCount = weights.Parameters,
            FileSize = source.Files.Sum(file => new FileInfo(file).Length),
            ContextLength = config.Positive("max_position_embeddings", int.MaxValue),
            LayerCount = layers,
            EmbeddingLength = width,
            KeyElementsPerToken = cache,
            ValueElementsPerToken = cache,
            Tokenizer = tokenizer is null ? null : DescribeTokenizer(tokenizer, texts, config, weights),
            ChatTemplate = texts.Template,
            NamedTemplates = texts.NamedTemplates,
            AcceptsMedia = config.Has("vision_config"),
        }, tokenizer?.Vocabulary);
    }

    private static TokenizerDescription DescribeTokenizer(MlxTokenizer file, MlxTokenizerTexts texts, MlxConfig config, MlxWeights weights)
    {
        int IdOf(string text, string key) => text.Length > 0 && file.IdOf(text) is >= 0 and var id ? id : config.Integer(key) ?? -1;
        var rows = Math.Max(weights.EmbeddingRows, config.Integer("vocab_size") ?? 0);
        return new TokenizerDescription
        {
            Kind = file.Kind,
            PreTokenizer = file.PreTokenizer,
            Fingerprint = file.Vocabulary.Fingerprint,
            Size = file.Vocabulary.Count,
            PaddedSize = (int)Math.Clamp(rows, 0, int.MaxValue),
            Bos = IdOf(texts.Bos, "bos_token_id"),
            Eos = IdOf(texts.Eos, "eos_token_id"),
            EndOfTurn = file.IdOf("<|im_end|>") is >= 0 and var end ? end : file.IdOf("<|eot_id|>"),
            AddBos = texts.AddBos,
            AddEos = texts.AddEos,
            BosText = texts.Bos,
            EosText = texts.Eos,
        };
    }
}

/// <summary>config.json; for models that take images the text part of it is meant.</summary>
internal sealed class MlxConfig
{
    private readonly JsonElement _root;
    private readonly JsonElement _text;

    public MlxConfig(JsonElement root)
    {
        _root = root;
        _text = root.TryGetProperty("text_config", out var text) && text.ValueKind == JsonValueKind.Object ? text : root;
        ModelType = root.TryGetProperty("model_type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.GetString() ?? ""
            : throw new MlxException("is missing or no text", Field("model_type"));
    }

    public string ModelType { get; }

    /// <summary>Bits per weight; null when the weights are not quantised.</summary>
    public int? Bits => BitsOf(null);

    public bool Has(string key) => _root.TryGetProperty(key, out _);

    /// <summary>Bits per weight of one layer, which may differ from the others.</summary>
    public int? BitsOf(string? layer)
    {
        if (!_root.TryGetProperty("quantization", out var settings) || settings.ValueKind != JsonValueKind.Object)
            return null;
        if (layer is not null && settings.TryGetProperty(layer, out var own) && own.ValueKind == JsonValueKind.Object)
            settings = own;
        return settings.TryGetProperty("bits", out var bits) && bits.TryGetInt32(out var number) && number is >= 1 and <= 32 ? number : null;
    }

    /// <summary>Null when missing; the first of a list.</summary>
    public int? Integer(string key)
    {
        if (!_text.TryGetProperty(key, out var value) && !_root.TryGetProperty(key, out value))
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
            value = value[0];
        if (value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw new MlxException("is no integer", Field(key));
    }

    public int Positive(string key, int max)
    {
        var number = Integer(key) ?? throw new MlxException("is missing", Field(key));
        return number >= 1 && number <= max ? number : throw new MlxException($"is {number}, not between 1 and {max}", Field(key));
    }

    private static string Field(string key) => $"{MlxFolder.ConfigFile} {key}";
}
