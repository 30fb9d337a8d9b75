using System.Text.Json;

namespace Tandem.Plugins.Mlx;

/// <summary>Reads JSON files and safetensors headers within fixed limits.</summary>
internal static class JsonHead
{
    // A parsed tree takes several times the text: these bound what a hostile file can cost. The largest real ones are under 2 and 10 MB.
    private const int ConfigBytes = 8 << 20;
    private const int WeightsHeaderBytes = 32 << 20;
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };

    /// <summary>The whole file, which must be an object.</summary>
    public static JsonDocument ReadConfig(string path) => Parse(path, ReadAll(path, ConfigBytes));

    /// <summary>The JSON header of a safetensors file: 8 bytes of length, little endian, then an object.</summary>
    public static JsonDocument ReadWeightsHeader(string path, out long dataBytes)
    {
        using var file = File.OpenRead(path);
        Span<byte> prefix = stackalloc byte[8];
        if (file.Length < prefix.Length)
            throw new MlxException($"is {file.Length} bytes long, too short for safetensors", Path.GetFileName(path));
        file.ReadExactly(prefix);
        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > WeightsHeaderBytes || (long)length > file.Length - prefix.Length)
            throw new MlxException($"says its header has {length} bytes, more than there are or than can be meant", Path.GetFileName(path));
        dataBytes = file.Length - prefix.Length - (long)length;
        var header = new byte[length];
        file.ReadExactly(header);
        return Parse(path, header);
    }

    private static byte[] ReadAll(string path, int limit)
    {
        using var file = File.OpenRead(path);
        if (file.Length > limit)
            throw new MlxException($"is {file.Length} bytes long, more than the limit of {limit}", Path.GetFileName(path));
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    private static JsonDocument Parse(string path, byte[] content)
    {
        try
        {
            var document = JsonDocument.Parse(content, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException exception)
        {
            throw new MlxException($"is not valid JSON: {exception.Message}", Path.GetFileName(path));
        }
        throw new MlxException("is not a JSON object", Path.GetFileName(path));
    }
}

/// <summary>A file that cannot be used; turned into a result where the model is described, never leaves the plugin.</summary>
internal sealed class MlxException(string reason, string field) : Exception(reason)
{
    public string Field { get; } = field;
}
