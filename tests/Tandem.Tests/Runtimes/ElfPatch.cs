using System.Buffers.Binary;
using System.Text;

namespace Tandem.Tests.Runtimes;

/// <summary>Spoils a Linux library in one precise way: for runtimes that must be found out.</summary>
internal sealed class ElfPatch
{
    private const int DynamicSymbols = 11;
    private const int Load = 1;
    private const int SymbolSize = 24;
    private readonly string _path;
    private readonly byte[] _bytes;

    public ElfPatch(string path) => (_path, _bytes) = (path, File.ReadAllBytes(path));

    /// <summary>Takes an export away by changing the last letter of its name.</summary>
    public ElfPatch Rename(string symbol)
    {
        var (_, name) = Find(symbol);
        _bytes[name + symbol.Length - 1] = (byte)'~';
        return this;
    }

    /// <summary>Replaces the beginning of a function.</summary>
    public ElfPatch Code(string symbol, params byte[] code)
    {
        code.CopyTo(_bytes, Find(symbol).Code);
        return this;
    }

    /// <summary>Says that it is for another processor (183: ARM64).</summary>
    public ElfPatch Machine(ushort machine)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(18), machine);
        return this;
    }

    public void Save()
    {
        // A new file: the old one may be shared with another folder by a hard link.
        File.Delete(_path);
        File.WriteAllBytes(_path, _bytes);
    }

    private (int Code, int Name) Find(string symbol)
    {
        var sections = (int)U64(0x28);
        var size = U16(0x3A);
        var section = Enumerable.Range(0, U16(0x3C)).Select(number => sections + (number * size)).First(at => U32(at + 4) == DynamicSymbols);
        var names = (int)U64(sections + ((int)U32(section + 0x28) * size) + 0x18);
        var (from, length) = ((int)U64(section + 0x18), (int)U64(section + 0x20));
        for (var at = from; at < from + length; at += SymbolSize)
        {
            var name = names + (int)U32(at);
            if (NameAt(name) == symbol)
                return (OffsetOf(U64(at + 8)), name);
        }

        throw new InvalidOperationException($"{_path} has no {symbol}");
    }

    private int OffsetOf(ulong address)
    {
        var headers = (int)U64(0x20);
        var size = U16(0x36);
        var part = Enumerable.Range(0, U16(0x38)).Select(number => headers + (number * size))
            .First(at => U32(at) == Load && address >= U64(at + 16) && address < U64(at + 16) + U64(at + 32));
        return (int)(address - U64(part + 16) + U64(part + 8));
    }

    private string NameAt(int at) => Encoding.ASCII.GetString(_bytes, at, Array.IndexOf(_bytes, (byte)0, at) - at);

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(at));
}
