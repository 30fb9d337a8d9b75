using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>The tokens of a model, from the library's own tables. Immutable; used by all threads.</summary>
internal sealed unsafe class Vocabulary
{
    private readonly nint _pointer;
    private readonly ByteString?[] _pieces;

    internal Vocabulary(ModelHandle model)
    {
        _pointer = LlamaApi.llama_model_get_vocab(model.Pointer);
        Size = LlamaApi.llama_vocab_n_tokens(_pointer);
        Type = (VocabularyType)LlamaApi.llama_vocab_type(_pointer);
        Bos = LlamaApi.llama_vocab_bos(_pointer);
        Eos = LlamaApi.llama_vocab_eos(_pointer);
        EndOfTurn = LlamaApi.llama_vocab_eot(_pointer);
        AddBos = LlamaApi.llama_vocab_get_add_bos(_pointer) != 0;
        AddEos = LlamaApi.llama_vocab_get_add_eos(_pointer) != 0;
        Separator = LlamaApi.llama_vocab_get_add_sep(_pointer) != 0 ? LlamaApi.llama_vocab_sep(_pointer) : -1;
        EndOfGeneration = Enumerable.Range(0, Size).Where(token => LlamaApi.llama_vocab_is_eog(_pointer, token) != 0).ToFrozenSet();
        Suppressed = ReadSuppressed();
        _pieces = new ByteString[Size];
        ForChain = new ChainVocabulary(Size, [.. EndOfGeneration], Suppressed, token => Piece(token).Memory);
    }

    /// <summary>What sampler chains need of it.</summary>
    internal ChainVocabulary ForChain { get; }

    internal int Size { get; }
    internal VocabularyType Type { get; }
    internal int Bos { get; }
    internal int Eos { get; }
    internal int EndOfTurn { get; }
    internal bool AddBos { get; }
    internal bool AddEos { get; }

    /// <summary>Written behind a text of its own (BERT); -1 where none is.</summary>
    internal int Separator { get; }

    /// <summary>Every token that ends a generation.</summary>
    internal FrozenSet<int> EndOfGeneration { get; }

    /// <summary>Tokens the model must never choose.</summary>
    internal int[] Suppressed { get; }

    internal nint Pointer => _pointer;

    internal TokenAttributes Attributes(int token) => (TokenAttributes)LlamaApi.llama_vocab_get_attr(_pointer, token);

    /// <summary>True for tokens that are no visible text.</summary>
    internal bool IsControl(int token) => (Attributes(token) & TokenAttributes.Control) != 0;

    /// <summary>Text of a token as the model file spells it.</summary>
    internal string SpelledText(int token) => NativeLlama.Text(LlamaApi.llama_vocab_get_text(_pointer, token));

    /// <summary>Bytes a token adds to the text; empty for control tokens. Read once per token.</summary>
    internal ByteString Piece(int token) => _pieces[token] ??= ByteString.CopyFrom(ReadPiece(token, special: false));

    /// <summary>Bytes of a token, control tokens as templates write them.</summary>
    internal byte[] SpecialPiece(int token) => ReadPiece(token, special: true);

    /// <summary>The text of tokens as the library joins it: with the spaces its kind of vocabulary implies.</summary>
    internal byte[] Join(int[] tokens, bool withControl)
    {
        var room = new byte[16 + (8 * tokens.Length)];
        var length = JoinInto(tokens, room, withControl);
        if (length < 0)
        {
            room = new byte[-length];
            length = JoinInto(tokens, room, withControl);
        }
        return room[..Math.Max(length, 0)];
    }

    internal TokenizerInfo Describe(string kind, string preTokenizer) => new()
    {
        Kind = kind,
        PreTokenizer = preTokenizer,
        Size = (uint)Size,
        PaddedSize = (uint)Size,
        Fingerprint = Fingerprint(),
        Bos = Bos,
        Eos = Eos,
        Eot = EndOfTurn,
        AddBos = AddBos,
        AddEos = AddEos,
        BosText = Bos < 0 ? "" : SpelledText(Bos),
        EosText = Eos < 0 ? "" : SpelledText(Eos),
        EndOfGeneration = { EndOfGeneration.Order() },
        FimPrefix = LlamaApi.llama_vocab_fim_pre(_pointer),
        FimSuffix = LlamaApi.llama_vocab_fim_suf(_pointer),
        FimMiddle = LlamaApi.llama_vocab_fim_mid(_pointer),
    };

    /// <summary>
    /// SHA-256 over, for each id in order, the id and the length of its text in bytes (4 bytes each, little endian) and those bytes;
    /// lower-case hex. The plugin computes the same from the file.
    /// </summary>
    private string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[8];
        for (var token = 0; token < Size; token++)
        {
            var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(LlamaApi.llama_vocab_get_text(_pointer, token));
            BinaryPrimitives.WriteInt32LittleEndian(head, token);
            BinaryPrimitives.WriteInt32LittleEndian(head[4..], text.Length);
            hash.AppendData(head);
            hash.AppendData(text);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private int JoinInto(int[] tokens, byte[] room, bool withControl)
    {
        fixed (int* ids = tokens)
        fixed (byte* text = room)
            return LlamaApi.llama_detokenize(_pointer, ids, tokens.Length, text, room.Length, withControl ? (byte)0 : (byte)1, withControl ? (byte)1 : (byte)0);
    }

    private byte[] ReadPiece(int token, bool special)
    {
        Span<byte> buffer = stackalloc byte[256];
        fixed (byte* room = buffer)
        {
            var length = LlamaApi.llama_token_to_piece(_pointer, token, room, buffer.Length, 0, special ? (byte)1 : (byte)0);
            if (length >= 0)
                return buffer[..length].ToArray();
            var piece = new byte[-length];
            fixed (byte* larger = piece)
                _ = LlamaApi.llama_token_to_piece(_pointer, token, larger, piece.Length, 0, special ? (byte)1 : (byte)0);
            return piece;
        }
    }

    private int[] ReadSuppressed()
    {
        var count = 0;
        var tokens = LlamaApi.llama_vocab_get_suppress_tokens(_pointer, &count);
        return tokens is null || count <= 0 ? [] : new ReadOnlySpan<int>(tokens, count).ToArray();
    }
}
