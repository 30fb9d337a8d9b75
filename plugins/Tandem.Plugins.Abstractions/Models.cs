namespace Tandem.Plugins;

/// <summary>One folder as the scan sees it: names only, so that a plugin needs no disk access to recognise models.</summary>
/// <param name="Path">Absolute path of the folder.</param>
/// <param name="Files">Its files, links followed.</param>
public sealed record FolderListing(string Path, IReadOnlyList<FolderFile> Files);

/// <summary>A file in a <see cref="FolderListing"/>.</summary>
public sealed record FolderFile(string Name, long Size, DateTimeOffset Modified);

/// <summary>A model before it is described: which files belong together.</summary>
/// <param name="Format">One of the engine's formats.</param>
/// <param name="Path">What a worker is given: the (first) file, or the folder.</param>
/// <param name="Files">All files that make up the model, absolute, <paramref name="Path"/> first when it is a file.</param>
/// <param name="Stem">File name without extension, quantisation and split number; for a folder its name. Keys are made of it.</param>
/// <param name="IsFolder">True when the folder itself is the model, so that its key is "parent/own name".</param>
/// <param name="ProjectorPath">Vision or audio projector beside it, null when there is none.</param>
/// <param name="Quantization">Quantisation as the file's name spells it, null when it names none; tells files of one key apart.</param>
public sealed record ModelSource(
    string Format,
    string Path,
    IReadOnlyList<string> Files,
    string Stem,
    bool IsFolder,
    string? ProjectorPath,
    string? Quantization = null);

/// <summary>Outcome of describing a model.</summary>
public abstract record DescribeResult
{
    /// <param name="Model">The description.</param>
    /// <param name="Vocabulary">Token texts by id; the supervisor keeps one per fingerprint.</param>
    public sealed record Described(ModelDescription Model, Vocabulary? Vocabulary) : DescribeResult;

    /// <summary>The file cannot be used. <paramref name="Field"/> names what is wrong inside it, e.g. <c>tokenizer.ggml.tokens</c>.</summary>
    public sealed record Broken(string Reason, string? Field) : DescribeResult;
}

/// <summary>What headers say of a model.</summary>
public sealed record ModelDescription
{
    public required string EngineId { get; init; }
    public required string Format { get; init; }
    public required ModelKind Kind { get; init; }

    /// <summary>E.g. <c>llama</c>, <c>qwen2</c>, <c>bert</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Name inside the file; null when it has none.</summary>
    public string? Name { get; init; }

    /// <summary>E.g. <c>Q4_K_M</c>, <c>F16</c>, <c>8bit</c>.</summary>
    public required string Quantization { get; init; }

    /// <summary>Weights, counted from tensor shapes.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Bytes of all files.</summary>
    public required long FileSize { get; init; }

    /// <summary>Longest context the model was trained for, tokens.</summary>
    public required int ContextLength { get; init; }

    public required int LayerCount { get; init; }
    public required int EmbeddingLength { get; init; }

    /// <summary>Key and value heads per layer times head size, in elements per token: what one token of KV cache holds (keys, values).</summary>
    public required long KeyElementsPerToken { get; init; }

    /// <inheritdoc cref="KeyElementsPerToken"/>
    public required long ValueElementsPerToken { get; init; }

    /// <summary>Null for a model without a tokenizer (a projector).</summary>
    public TokenizerDescription? Tokenizer { get; init; }

    /// <summary>Jinja source; null when the file has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Further templates by name, e.g. <c>tool_use</c>.</summary>
    public IReadOnlyDictionary<string, string> NamedTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>Takes images or sound, with or without a projector of its own.</summary>
    public bool AcceptsMedia { get; init; }
}

/// <summary>What a model is for.</summary>
public enum ModelKind
{
    /// <summary>Generates text.</summary>
    Language,

    /// <summary>Produces embeddings only.</summary>
    Embedding,

    /// <summary>Belongs to another model (vision or audio projector); not listed by itself.</summary>
    Projector,
}

/// <summary>A tokenizer as the pair rules see it.</summary>
public sealed record TokenizerDescription
{
    /// <summary>Algorithm as the engine names it, e.g. <c>gpt2</c> (byte-level BPE), <c>llama</c> (SentencePiece).</summary>
    public required string Kind { get; init; }
    public required string PreTokenizer { get; init; }

    /// <summary>Lower-case hex SHA-256 over (id, text) in id order. Comparable inside one engine only.</summary>
    public required string Fingerprint { get; init; }
    public required int Size { get; init; }

    /// <summary>Rows of the output layer, ≥ <see cref="Size"/> when padded.</summary>
    public required int PaddedSize { get; init; }

    /// <summary>Ids; -1 where the vocabulary has none.</summary>
    public required int Bos { get; init; }

    /// <inheritdoc cref="Bos"/>
    public required int Eos { get; init; }

    /// <inheritdoc cref="Bos"/>
    public required int EndOfTurn { get; init; }
    public required bool AddBos { get; init; }
    public required bool AddEos { get; init; }

    /// <summary>Texts of bos and eos, as templates use them; empty when there is none.</summary>
    public required string BosText { get; init; }

    /// <inheritdoc cref="BosText"/>
    public required string EosText { get; init; }
}

/// <summary>Where a rule gets token texts from, by fingerprint.</summary>
public interface IVocabularySource
{
    /// <summary>Null when the vocabulary is not known (any more).</summary>
    Vocabulary? Find(string fingerprint);
}
