using Microsoft.Win32.SafeHandles;

namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>
/// The header of one GGUF file: metadata, token texts and a summary of its tensors. Format: ggml/docs/gguf.md, versions 2 and 3, little endian.
/// </summary>
internal sealed class GgufHeader
{
    private const uint Magic = 0x46554747;

    public required GgufMetadata Metadata { get; init; }

    /// <summary>From <c>tokenizer.ggml.tokens</c>; null when the file has none.</summary>
    public required Vocabulary? Vocabulary { get; init; }

    public required GgufTensors Tensors { get; init; }

    public required long FileLength { get; init; }

    /// <exception cref="GgufException">The header cannot be used.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufHeader Read(string path, VocabularyCache vocabularies, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new GgufReader(file, cancellationToken);
        CheckStart(reader);
        reader.Field = "tensor_count";
        var tensorCount = reader.Count(GgufLimits.Tensors, 0);
        reader.Field = "metadata_kv_count";
        var entryCount = reader.Count(GgufLimits.MetadataEntries, 8 + 4 + 1);
        var metadata = new GgufMetadata();
        Vocabulary? vocabulary = null;
        for (var i = 0; i < entryCount; i++)
        {
            reader.Field = $"key of metadata entry {i}";
            var key = reader.String(GgufLimits.NameBytes);
            reader.Field = key;
            var type = (GgufType)reader.UInt32();
            var isTokens = key == GgufKeys.Tokens;
            metadata.Add(key, isTokens ? null : GgufValues.Read(reader, type, metadata));
            if (isTokens)
                vocabulary = GgufVocabulary.Read(reader, type, vocabularies);
        }
        var tensors = GgufTensors.Read(reader, tensorCount, metadata.Integer("general.alignment") ?? 32);
        return new GgufHeader { Metadata = metadata, Vocabulary = vocabulary, Tensors = tensors, FileLength = reader.FileLength };
    }

    private static void CheckStart(GgufReader reader)
    {
        reader.Field = "magic";
        if (reader.Remaining < 24)
            throw reader.Fault($"is {reader.FileLength} bytes long, too short for a GGUF header");
        var magic = reader.UInt32();
        if (magic != Magic)
            throw reader.Fault($"is not a GGUF file: it starts with the bytes {Hex(magic)} instead of \"GGUF\"");
        reader.Field = "version";
        var version = reader.UInt32();
        if (version is 0x02000000 or 0x03000000)
            throw reader.Fault("is a big-endian GGUF file; only little-endian ones are read");
        if (version is not (2 or 3))
            throw reader.Fault($"has GGUF version {version}; versions 2 and 3 are read");
    }

    private static string Hex(uint value) => Convert.ToHexStringLower(BitConverter.GetBytes(value));
}

/// <summary>Keys that more than one place reads.</summary>
internal static class GgufKeys
{
    public const string Tokens = "tokenizer.ggml.tokens";
    public const string Architecture = "general.architecture";
    public const string Template = "tokenizer.chat_template";
}
