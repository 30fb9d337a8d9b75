using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Tandem.Plugins.Mlx;

/// <summary>A parsed tokenizer with what is asked of it again and again.</summary>
internal sealed class MlxTokenizer(string kind, string preTokenizer, Vocabulary vocabulary)
{
    private readonly ConcurrentDictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <inheritdoc cref="MlxTokenizerFile.Kind"/>
    public string Kind => kind;

    /// <inheritdoc cref="MlxTokenizerFile.PreTokenizer"/>
    public string PreTokenizer => preTokenizer;

    public Vocabulary Vocabulary => vocabulary;

    /// <summary>Id of a text; -1 when there is none.</summary>
    public int IdOf(string text)
    {
        const int mostKept = 64;
        if (_ids.TryGetValue(text, out var known))
            return known;
        var id = Search(Encoding.UTF8.GetBytes(text));
        if (_ids.Count < mostKept)
            _ids[text] = id;
        return id;
    }

    private int Search(byte[] wanted)
    {
        for (var id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Bytes(id).SequenceEqual(wanted))
                return id;
        }

        return -1;
    }
}

/// <summary>Reads tokenizer.json files; equal ones, of which a folder of models has many, are parsed once.</summary>
internal sealed class MlxTokenizerCache
{
    private const int LargestFile = 128 << 20;
    private readonly VocabularyCache _vocabularies = new();
    private readonly ConditionalWeakTable<Vocabulary, MlxTokenizer> _tokenizers = [];

    /// <summary>Null when there is no such file.</summary>
    public MlxTokenizer? Read(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return null;
        using var file = File.OpenRead(path);
        if (file.Length > LargestFile)
            throw new MlxException($"is {file.Length} bytes long, more than the limit of {LargestFile}", MlxFolder.TokenizerFile);
        var buffer = ArrayPool<byte>.Shared.Rent((int)file.Length);
        try
        {
            var content = buffer.AsSpan(0, (int)file.Length);
            file.ReadExactly(content);
            return Read(content, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private MlxTokenizer Read(ReadOnlySpan<byte> content, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        if (_vocabularies.Find(hash) is { } known && _tokenizers.TryGetValue(known, out var parsed))
            return parsed;
        var file = MlxTokenizerFile.Read(content, cancellationToken);
        var tokenizer = new MlxTokenizer(file.Kind, file.PreTokenizer, file.Vocabulary);
        _vocabularies.Add(hash, file.Vocabulary);
        _tokenizers.AddOrUpdate(file.Vocabulary, tokenizer);
        return tokenizer;
    }
}
