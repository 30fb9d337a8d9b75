using System.Text;

namespace Tandem.Tests.Gguf;

/// <summary>Writes small GGUF headers, sound ones and others.</summary>
internal sealed class GgufBuilder
{
    private readonly List<(string Key, Action<BinaryWriter> Write)> _entries = [];
    private readonly List<(string Name, ulong[] Shape, uint Type, ulong Offset)> _tensors = [];
    private ulong _dataBytes;

    public uint Magic { get; set; } = 0x46554747;
    public uint Version { get; set; } = 3;
    public ulong? TensorCount { get; set; }
    public ulong? EntryCount { get; set; }
    public bool WithData { get; set; } = true;

    /// <summary>A language model that all checks accept.</summary>
    public static GgufBuilder Model(IReadOnlyList<string> tokens, string kind = "gpt2", string architecture = "llama") => new GgufBuilder()
        .Text("general.architecture", architecture)
        .Text("general.name", "Synthetic")
        .UInt32("general.file_type", 1)
        .UInt32($"{architecture}.block_count", 2)
        .UInt32($"{architecture}.context_length", 512)
        .UInt32($"{architecture}.embedding_length", 16)
        .UInt32($"{architecture}.attention.head_count", 4)
        .UInt32($"{architecture}.attention.head_count_kv", 2)
        .Text("tokenizer.ggml.model", kind)
        .Texts("tokenizer.ggml.tokens", tokens)
        .Tensor("token_embd.weight", [16, (ulong)tokens.Count], 1);

    public GgufBuilder Text(string key, string value) => Entry(key, 8, writer => WriteText(writer, value));

    public GgufBuilder UInt32(string key, uint value) => Entry(key, 4, writer => writer.Write(value));

    public GgufBuilder UInt64(string key, ulong value) => Entry(key, 10, writer => writer.Write(value));

    public GgufBuilder Flag(string key, bool value) => Entry(key, 7, writer => writer.Write(value));

    public GgufBuilder Texts(string key, IReadOnlyList<string> values) => Entry(key, 9, writer =>
    {
        writer.Write(8u);
        writer.Write((ulong)values.Count);
        foreach (var value in values)
            WriteText(writer, value);
    });

    /// <summary>An entry of any type with any content.</summary>
    public GgufBuilder Entry(string key, uint type, Action<BinaryWriter> write)
    {
        _entries.RemoveAll(entry => entry.Key == key);
        return Again(key, type, write);
    }

    /// <summary>As <see cref="Entry"/>, also for a key that is there already.</summary>
    public GgufBuilder Again(string key, uint type, Action<BinaryWriter> write)
    {
        _entries.Add((key, writer =>
        {
            writer.Write(type);
            write(writer);
        }
        ));
        return this;
    }

    public GgufBuilder Without(string key)
    {
        _entries.RemoveAll(entry => entry.Key == key);
        return this;
    }

    public GgufBuilder Tensor(string name, ulong[] shape, uint type, ulong bytesPerElement = 2)
    {
        _tensors.Add((name, shape, type, _dataBytes));
        _dataBytes += shape.Aggregate(1UL, (product, size) => unchecked(product * size)) * bytesPerElement;
        return this;
    }

    public byte[] Build()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)_tensors.Count);
        writer.Write(EntryCount ?? (ulong)_entries.Count);
        foreach (var (key, write) in _entries)
        {
            WriteText(writer, key);
            write(writer);
        }
        foreach (var (name, shape, type, offset) in _tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            foreach (var size in shape)
                writer.Write(size);
            writer.Write(type);
            writer.Write(offset);
        }
        if (WithData)
        {
            stream.SetLength((stream.Position + 31) / 32 * 32);
            stream.SetLength(stream.Length + (long)_dataBytes);
        }
        return stream.ToArray();
    }

    /// <summary>Writes the header and leaves the weights a hole in the file: as large as the real one, and no bytes on the disk.</summary>
    public void WriteSparse(string path)
    {
        WithData = false;
        var header = Build();
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        file.Write(header);
        file.SetLength((header.Length + 31) / 32 * 32 + (long)_dataBytes);
    }

    public static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
