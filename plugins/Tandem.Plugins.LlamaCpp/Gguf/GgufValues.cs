using System.Buffers.Binary;

namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>Types of metadata values, by their number in the file.</summary>
internal enum GgufType : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    Text = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>Reads one metadata value: scalars, texts and short arrays of integers are kept, all else is walked over.</summary>
internal static class GgufValues
{
    /// <returns>long, double, bool, string, long[], or null for what is not kept.</returns>
    public static object? Read(GgufReader reader, GgufType type, GgufMetadata metadata) => type switch
    {
        GgufType.Text => metadata.Keep(reader),
        GgufType.Array => ReadArray(reader, 1),
        _ => Scalar(type, reader.Take(Size(reader, type))),
    };

    private static long[]? ReadArray(GgufReader reader, int depth)
    {
        if (depth > GgufLimits.ArrayDepth)
            throw reader.Fault($"nests arrays deeper than {GgufLimits.ArrayDepth}");
        var element = (GgufType)reader.UInt32();
        switch (element)
        {
            case GgufType.Text:
                for (var left = reader.Count(GgufLimits.ArrayEntries, 8); left > 0; left--)
                    reader.StringBytes(GgufLimits.TextBytes);
                return null;
            case GgufType.Array:
                for (var left = reader.Count(GgufLimits.ArrayEntries, 12); left > 0; left--)
                    ReadArray(reader, depth + 1);
                return null;
            default:
                var size = Size(reader, element);
                return ReadNumbers(reader, element, reader.Count(GgufLimits.ArrayEntries, size), size);
        }
    }

    private static long[]? ReadNumbers(GgufReader reader, GgufType element, int count, int size)
    {
        if (count > GgufLimits.KeptArrayEntries || element is GgufType.Float32 or GgufType.Float64)
        {
            reader.Skip((long)count * size);
            return null;
        }
        var numbers = new long[count];
        for (var i = 0; i < count; i++)
            numbers[i] = Scalar(element, reader.Take(size)) switch { long number => number, true => 1, _ => 0 };
        return numbers;
    }

    private static int Size(GgufReader reader, GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        GgufType.UInt64 or GgufType.Int64 or GgufType.Float64 => 8,
        _ => throw reader.Fault($"has the unknown type {(uint)type}"),
    };

    private static object Scalar(GgufType type, ReadOnlySpan<byte> bytes) => type switch
    {
        GgufType.UInt8 => (long)bytes[0],
        GgufType.Int8 => (long)(sbyte)bytes[0],
        GgufType.Bool => bytes[0] != 0,
        GgufType.UInt16 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        GgufType.Int16 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
        GgufType.UInt32 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        GgufType.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        GgufType.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        GgufType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        // Larger than any count that can be meant; saturating keeps the checks that follow simple.
        GgufType.UInt64 => (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(bytes), long.MaxValue),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };
}
