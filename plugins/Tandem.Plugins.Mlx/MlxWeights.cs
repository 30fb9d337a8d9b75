using System.Text.Json;

namespace Tandem.Plugins.Mlx;

/// <summary>What the headers of a model's safetensors files add up to.</summary>
internal sealed class MlxWeights
{
    private const long MostParameters = 1L << 48;
    private readonly Dictionary<string, long> _byType = [];

    public long Parameters { get; private set; }

    /// <summary>Rows of the token embedding; 0 when no tensor of that name is there.</summary>
    public long EmbeddingRows { get; private set; }

    public string MostCommonType => _byType.Count == 0 ? "unknown" : _byType.MaxBy(entry => entry.Value).Key;

    public static MlxWeights Read(ModelSource source, MlxConfig config, CancellationToken cancellationToken)
    {
        var weights = new MlxWeights();
        foreach (var path in source.Files.Where(file => file.EndsWith(MlxFolder.WeightsExtension, StringComparison.Ordinal)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var header = JsonHead.ReadWeightsHeader(path, out var dataBytes);
            foreach (var tensor in header.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__"))
                weights.Add(tensor, Path.GetFileName(path), dataBytes, config);
        }
        return weights;
    }

    private void Add(JsonProperty tensor, string file, long dataBytes, MlxConfig config)
    {
        var field = $"{file} {tensor.Name}";
        var shape = Numbers(tensor.Value, "shape", field);
        var offsets = Numbers(tensor.Value, "data_offsets", field);
        if (offsets is not [var start, var end] || start > end)
            throw new MlxException("has no sound data_offsets", field);
        if (end > dataBytes)
            throw new MlxException($"has data up to byte {end}, and the file holds {dataBytes}: it is truncated or damaged", field);
        if (tensor.Name.EndsWith("embed_tokens.weight", StringComparison.Ordinal) && shape.Count > 0)
            EmbeddingRows = Math.Max(EmbeddingRows, shape[0]);
        // Scales and offsets of quantised weights are no parameters.
        if (tensor.Name.EndsWith(".scales", StringComparison.Ordinal) || tensor.Name.EndsWith(".biases", StringComparison.Ordinal))
            return;
        var type = tensor.Value.TryGetProperty("dtype", out var name) ? name.ToString() : "";
        var count = 1L;
        foreach (var size in shape)
            count = size == 0 || count <= MostParameters / size ? count * size : throw new MlxException("has a shape too large to be meant", field);
        if (type == "U32" && config.BitsOf(tensor.Name[..^(tensor.Name.EndsWith(".weight", StringComparison.Ordinal) ? 7 : 0)]) is { } bits)
            count = count * 32 / bits;
        _byType[type] = _byType.GetValueOrDefault(type) + count;
        Parameters += count;
        if (Parameters > MostParameters)
            throw new MlxException("brings the weights above any number that can be meant", field);
    }

    private static List<long> Numbers(JsonElement tensor, string key, string field)
    {
        if (tensor.ValueKind != JsonValueKind.Object || !tensor.TryGetProperty(key, out var array) || array.ValueKind != JsonValueKind.Array)
            throw new MlxException($"has no {key}", field);
        var numbers = new List<long>();
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out var number) || number < 0 || numbers.Count == 16)
                throw new MlxException($"has a {key} that is no short list of counts", field);
            numbers.Add(number);
        }
        return numbers;
    }
}
