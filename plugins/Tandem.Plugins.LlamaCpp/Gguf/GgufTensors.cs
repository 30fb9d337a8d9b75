namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>What the tensor list of one file adds up to.</summary>
internal sealed class GgufTensors
{
    // A hundred times what any model has; below it sums and products stay inside 64 bits.
    private const long MostElements = 1L << 48;

    /// <summary>Weights in all tensors.</summary>
    public long Elements { get; private set; }

    /// <summary>Weights by tensor type.</summary>
    public Dictionary<uint, long> ElementsByType { get; } = [];

    /// <summary>Rows of the token embedding (or of the output layer, when larger); 0 when the file has neither.</summary>
    public long VocabularyRows { get; private set; }

    /// <summary>Reads the list and checks that the data it speaks of lies inside the file.</summary>
    public static GgufTensors Read(GgufReader reader, int count, long alignment)
    {
        reader.Field = "general.alignment";
        if (alignment is < 1 or > 1 << 20)
            throw reader.Fault($"is {alignment}, not between 1 and {1 << 20}");
        var tensors = new GgufTensors();
        var dataEnd = 0L;
        var last = "tensors";
        for (var i = 0; i < count; i++)
        {
            reader.Field = $"name of tensor {i}";
            var name = reader.String(GgufLimits.NameBytes);
            reader.Field = $"tensor {name}";
            var end = tensors.ReadOne(reader, name);
            if (end > dataEnd)
                (dataEnd, last) = (end, reader.Field);
        }
        var dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        reader.Field = last;
        if (count > 0 && dataEnd > reader.FileLength - dataStart)
            throw reader.Fault($"has data up to byte {dataStart + dataEnd}, and the file ends at {reader.FileLength}: it is truncated or damaged");
        return tensors;
    }

    private long ReadOne(GgufReader reader, string name)
    {
        var rank = reader.UInt32();
        if (rank > GgufLimits.Dimensions)
            throw reader.Fault($"has {rank} dimensions, more than {GgufLimits.Dimensions}");
        Span<long> shape = stackalloc long[(int)rank];
        for (var i = 0; i < shape.Length; i++)
            shape[i] = (long)Math.Min(reader.UInt64(), long.MaxValue);
        var type = reader.UInt32();
        var offset = reader.UInt64();
        if (offset > (ulong)reader.FileLength)
            throw reader.Fault($"starts at byte {offset} of the data, beyond the end of the file");
        long elements = 1;
        foreach (var size in shape)
            elements = Multiply(reader, elements, size);
        Elements += elements;
        if (Elements > MostElements)
            throw reader.Fault("brings the weights above any number that can be meant");
        ElementsByType[type] = ElementsByType.GetValueOrDefault(type) + elements;
        if (name is "token_embd.weight" or "output.weight" && shape.Length > 1)
            VocabularyRows = Math.Max(VocabularyRows, shape[1]);
        return (long)offset + Bytes(reader, type, elements);
    }

    private static long Multiply(GgufReader reader, long left, long right)
    {
        if (right != 0 && left > MostElements / right)
            throw reader.Fault("has a shape too large to be meant");
        return left * right;
    }

    private static long Bytes(GgufReader reader, uint type, long elements)
    {
        if (!GgufTensorTypes.Blocks.TryGetValue(type, out var block))
            return 0;
        if (elements % block.Elements != 0)
            throw reader.Fault($"has {elements} weights, which is no multiple of the {block.Elements} in a block of its type");
        return elements / block.Elements * block.Bytes;
    }
}

/// <summary>Tables of ggml's types.</summary>
internal static class GgufTensorTypes
{
    /// <summary>Weights and bytes per block. A type that is not here is newer than this table: its size is not checked.</summary>
    public static readonly IReadOnlyDictionary<uint, (int Elements, int Bytes)> Blocks = new Dictionary<uint, (int, int)>
    {
        [0] = (1, 4),
        [1] = (1, 2),
        [2] = (32, 18),
        [3] = (32, 20),
        [6] = (32, 22),
        [7] = (32, 24),
        [8] = (32, 34),
        [9] = (32, 36),
        [10] = (256, 84),
        [11] = (256, 110),
        [12] = (256, 144),
        [13] = (256, 176),
        [14] = (256, 210),
        [15] = (256, 292),
        [16] = (256, 66),
        [17] = (256, 74),
        [18] = (256, 98),
        [19] = (256, 50),
        [20] = (32, 18),
        [21] = (256, 110),
        [22] = (256, 82),
        [23] = (256, 136),
        [24] = (1, 1),
        [25] = (1, 2),
        [26] = (1, 4),
        [27] = (1, 8),
        [28] = (1, 8),
        [29] = (256, 56),
        [30] = (1, 2),
        [34] = (256, 54),
        [35] = (256, 66),
        [39] = (32, 17),
    };

    /// <summary>Names of <c>general.file_type</c> (llama_ftype).</summary>
    public static readonly IReadOnlyDictionary<long, string> FileTypes = new Dictionary<long, string>
    {
        [0] = "F32",
        [1] = "F16",
        [2] = "Q4_0",
        [3] = "Q4_1",
        [7] = "Q8_0",
        [8] = "Q5_0",
        [9] = "Q5_1",
        [10] = "Q2_K",
        [11] = "Q3_K_S",
        [12] = "Q3_K_M",
        [13] = "Q3_K_L",
        [14] = "Q4_K_S",
        [15] = "Q4_K_M",
        [16] = "Q5_K_S",
        [17] = "Q5_K_M",
        [18] = "Q6_K",
        [19] = "IQ2_XXS",
        [20] = "IQ2_XS",
        [21] = "Q2_K_S",
        [22] = "IQ3_XS",
        [23] = "IQ3_XXS",
        [24] = "IQ1_S",
        [25] = "IQ4_NL",
        [26] = "IQ3_S",
        [27] = "IQ3_M",
        [28] = "IQ2_S",
        [29] = "IQ2_M",
        [30] = "IQ4_XS",
        [31] = "IQ1_M",
        [32] = "BF16",
        [36] = "TQ1_0",
        [37] = "TQ2_0",
        [38] = "MXFP4_MOE",
        [39] = "NVFP4",
        [40] = "Q1_0",
        [41] = "Q2_0",
    };

    /// <summary>Names of tensor types, for files that do not say their file type.</summary>
    public static readonly IReadOnlyDictionary<uint, string> Names = new Dictionary<uint, string>
    {
        [0] = "F32",
        [1] = "F16",
        [2] = "Q4_0",
        [3] = "Q4_1",
        [6] = "Q5_0",
        [7] = "Q5_1",
        [8] = "Q8_0",
        [10] = "Q2_K",
        [11] = "Q3_K",
        [12] = "Q4_K",
        [13] = "Q5_K",
        [14] = "Q6_K",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [20] = "IQ4_NL",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [23] = "IQ4_XS",
        [29] = "IQ1_M",
        [30] = "BF16",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
        [40] = "NVFP4",
        [41] = "Q1_0",
        [42] = "Q2_0",
    };
}
