using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;

namespace Tandem.Plugins.Mlx;

/// <summary>
/// What the pair rule needs of tokenizer.json, read in one pass without building a tree: a file of 150,000 tokens and as many merges is
/// tens of megabytes. The fingerprint is the SHA-256 over, for each id in order: the id and the length of its text in bytes as 4 bytes
/// each, little endian, and the text in UTF-8. Added tokens replace tokens of the vocabulary with the same id.
/// </summary>
internal sealed class MlxTokenizerFile
{
    private const int MaxTokens = 1 << 21;
    private const int LongestPreTokenizer = 1 << 20;
    private const string VocabularyField = "tokenizer.json model.vocab";

    private readonly List<byte[]?> _texts = [];

    /// <summary><c>BPE</c>, <c>Unigram</c>, <c>WordPiece</c>, …</summary>
    public string Kind { get; private set; } = "";

    /// <summary>Type of the pre-tokenizer and the start of a hash over its settings; <c>none</c> when the file has none.</summary>
    public string PreTokenizer { get; private set; } = "none";

    public Vocabulary Vocabulary { get; private set; } = new("", [], []);

    public static MlxTokenizerFile Read(ReadOnlySpan<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            var file = new MlxTokenizerFile();
            var reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = 64 });
            file.ReadFile(ref reader, cancellationToken);
            file.Vocabulary = file.Build();
            file._texts.Clear();
            return file;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            // The reader says "invalid operation" of a value of another kind than asked for.
            throw new MlxException($"is not a valid tokenizer: {exception.Message}", MlxFolder.TokenizerFile);
        }
    }

    private void ReadFile(ref Utf8JsonReader reader, CancellationToken cancellationToken)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        var added = new List<(int Id, byte[] Text)>();
        while (NextProperty(ref reader, out var name))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (name == "model")
                ReadModel(ref reader, cancellationToken);
            else if (name == "added_tokens")
                ReadAdded(ref reader, added);
            else if (name == "pre_tokenizer")
                ReadPreTokenizer(ref reader);
            else
                SkipValue(ref reader);
        }
        added.ForEach(token => Put(token.Id, token.Text));
    }

    private void ReadModel(ref Utf8JsonReader reader, CancellationToken cancellationToken)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader, out var name))
        {
            cancellationToken.ThrowIfCancellationRequested();
            switch (name)
            {
                case "type":
                    reader.Read();
                    Kind = reader.GetString() ?? "";
                    break;
                case "vocab":
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.StartArray)
                        ReadRankedTokens(ref reader);
                    else
                        ReadTokens(ref reader);
                    break;
                default:
                    SkipValue(ref reader);
                    break;
            }
        }
    }

    /// <summary><c>{"text": id, …}</c></summary>
    private void ReadTokens(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var text = TextOf(ref reader);
            reader.Read();
            Put(reader.GetInt32(), text);
        }
    }

    /// <summary><c>[["text", score], …]</c>: the place is the id.</summary>
    private void ReadRankedTokens(ref Utf8JsonReader reader)
    {
        for (var id = 0; reader.Read() && reader.TokenType == JsonTokenType.StartArray; id++)
        {
            reader.Read();
            Put(id, TextOf(ref reader));
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                reader.Skip();
        }
    }

    private static void ReadAdded(ref Utf8JsonReader reader, List<(int Id, byte[] Text)> added)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var id = -1;
            byte[] text = [];
            while (NextProperty(ref reader, out var name))
            {
                reader.Read();
                if (name == "id")
                    id = reader.GetInt32();
                else if (name == "content")
                    text = TextOf(ref reader);
                else
                    reader.Skip();
            }
            if (added.Count == MaxTokens)
                throw new MlxException($"has more than {MaxTokens} entries", "tokenizer.json added_tokens");
            added.Add((id, text));
        }
    }

    private void ReadPreTokenizer(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return;
        // Read over it once, so that a huge one is refused before a tree is built of it.
        var ahead = reader;
        ahead.Skip();
        if (ahead.BytesConsumed - reader.BytesConsumed > LongestPreTokenizer)
            throw new MlxException($"is longer than {LongestPreTokenizer} bytes", "tokenizer.json pre_tokenizer");
        using var document = JsonDocument.ParseValue(ref reader);
        // Serialised again, so that white space in the file makes no difference.
        var settings = JsonSerializer.SerializeToUtf8Bytes(document.RootElement);
        var type = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("type", out var name) ? name.ToString() : "?";
        PreTokenizer = $"{type}#{Convert.ToHexStringLower(SHA256.HashData(settings))[..8]}";
    }

    private void Put(int id, byte[] text)
    {
        if (id is < 0 or >= MaxTokens)
            throw new MlxException($"has the id {id}, which is not between 0 and {MaxTokens}", VocabularyField);
        while (_texts.Count <= id)
            _texts.Add(null);
        _texts[id] = text;
    }

    private Vocabulary Build()
    {
        if (_texts.Count == 0)
            throw new MlxException("holds no tokens", VocabularyField);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var texts = new byte[_texts.Sum(text => text?.Length ?? 0)];
        var ends = new int[_texts.Count];
        Span<byte> head = stackalloc byte[8];
        var used = 0;
        for (var id = 0; id < ends.Length; id++)
        {
            var text = _texts[id] ?? [];
            BinaryPrimitives.WriteInt32LittleEndian(head, id);
            BinaryPrimitives.WriteInt32LittleEndian(head[4..], text.Length);
            hash.AppendData(head);
            hash.AppendData(text);
            text.CopyTo(texts, used);
            used += text.Length;
            ends[id] = used;
        }
        return new Vocabulary(Convert.ToHexStringLower(hash.GetHashAndReset()), texts, ends);
    }

    private static byte[] TextOf(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped && reader.TokenType is (JsonTokenType.String or JsonTokenType.PropertyName))
            return reader.ValueSpan.ToArray();
        return System.Text.Encoding.UTF8.GetBytes(reader.GetString() ?? "");
    }

    private static bool NextProperty(ref Utf8JsonReader reader, out string name)
    {
        name = "";
        if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
            return false;
        name = reader.GetString() ?? "";
        return true;
    }

    private static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
            throw new JsonException($"{type} expected at byte {reader.TokenStartIndex}");
    }
}
