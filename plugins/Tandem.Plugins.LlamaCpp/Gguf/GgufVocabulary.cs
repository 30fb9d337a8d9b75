using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>
/// Reads <c>tokenizer.ggml.tokens</c>: hashes it first, and builds the vocabulary only when no other file had the same. The fingerprint is
/// the SHA-256 over, for each id in order: the id as 4 bytes, the length of its text in bytes as 4 bytes, both little endian, and the bytes
/// of the text as the file has them.
/// </summary>
internal static class GgufVocabulary
{
    private const int EntryHead = 8;

    public static Vocabulary Read(GgufReader reader, GgufType type, VocabularyCache cache)
    {
        if (type != GgufType.Array)
            throw reader.Fault($"is of type {type}, not an array of texts");
        var element = (GgufType)reader.UInt32();
        if (element != GgufType.Text)
            throw reader.Fault($"is an array of {element}, not of texts");
        var count = reader.Count(GgufLimits.Tokens, 8);
        var start = reader.Position;
        var fingerprint = Hash(reader, count, out var textBytes);
        if (cache.Find(fingerprint) is { } known)
            return known;
        reader.Rewind(start);
        var vocabulary = Build(reader, count, textBytes, fingerprint);
        cache.Add(fingerprint, vocabulary);
        return vocabulary;
    }

    private static string Hash(GgufReader reader, int count, out int textBytes)
    {
        using var hash = new FingerprintHash();
        textBytes = 0;
        for (var id = 0; id < count; id++)
        {
            var text = reader.StringBytes(GgufLimits.TokenBytes);
            textBytes += text.Length;
            if (textBytes > GgufLimits.AllTokenBytes)
                throw reader.Fault($"holds more than {GgufLimits.AllTokenBytes} bytes of text");
            hash.Add(id, text);
        }

        return hash.Finish();
    }

    private static Vocabulary Build(GgufReader reader, int count, int textBytes, string fingerprint)
    {
        var ends = new int[count];
        var texts = new byte[textBytes];
        var used = 0;
        for (var id = 0; id < count; id++)
        {
            var text = reader.StringBytes(GgufLimits.TokenBytes);
            if (text.Length > texts.Length - used)
                throw reader.Fault("changed while it was read");
            text.CopyTo(texts.AsSpan(used));
            used += text.Length;
            ends[id] = used;
        }

        return used == texts.Length ? new Vocabulary(fingerprint, texts, ends) : throw reader.Fault("changed while it was read");
    }

    /// <summary>Collects small entries, so that the hash sees few large blocks.</summary>
    private sealed class FingerprintHash : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _block = new byte[GgufLimits.TokenBytes + EntryHead];
        private int _used;

        public void Add(int id, ReadOnlySpan<byte> text)
        {
            if (_used + EntryHead + text.Length > _block.Length)
                Flush();
            var entry = _block.AsSpan(_used);
            BinaryPrimitives.WriteInt32LittleEndian(entry, id);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], text.Length);
            text.CopyTo(entry[EntryHead..]);
            _used += EntryHead + text.Length;
        }

        public string Finish()
        {
            Flush();
            return Convert.ToHexStringLower(_hash.GetHashAndReset());
        }

        public void Dispose() => _hash.Dispose();

        private void Flush()
        {
            _hash.AppendData(_block, 0, _used);
            _used = 0;
        }
    }
}
