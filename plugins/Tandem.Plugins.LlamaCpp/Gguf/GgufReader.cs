using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>
/// Reads the little-endian values of a GGUF header through one buffer. Every length is checked against what is left of the file and
/// against <see cref="GgufLimits"/> before anything is allocated. The file is not mapped: one that shrinks while it is read (a download
/// being replaced) would end the process with SIGBUS.
/// </summary>
internal sealed class GgufReader(SafeFileHandle file, CancellationToken cancellationToken) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
    private int _start;
    private int _end;
    private long _filled;

    /// <summary>What is being read now, for messages.</summary>
    public string Field { get; set; } = "header";

    public long FileLength { get; } = RandomAccess.GetLength(file);

    /// <summary>Offset in the file of the next byte.</summary>
    public long Position => _filled - (_end - _start);

    public long Remaining => FileLength - Position;

    public GgufException Fault(string reason) => new(reason, Field);

    /// <summary>The next bytes; valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (_end - _start < count)
            Fill(count);
        var span = _buffer.AsSpan(_start, count);
        _start += count;
        return span;
    }

    public void Skip(long count)
    {
        Require(count);
        var buffered = (int)Math.Min(count, _end - _start);
        _start += buffered;
        if (count == buffered)
            return;
        (_start, _end) = (0, 0);
        _filled += count - buffered;
    }

    /// <summary>Goes back to where the reader has been before.</summary>
    public void Rewind(long position)
    {
        var back = Position - position;
        if (back <= _start)
            _start -= (int)back;
        else
            (_start, _end, _filled) = (0, 0, position);
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A count of things of at least <paramref name="bytesEach"/> bytes.</summary>
    public int Count(int limit, int bytesEach)
    {
        var count = UInt64();
        if (count > (ulong)limit)
            throw Fault($"says it has {count} entries, more than the limit of {limit}");
        Require((long)count * bytesEach);
        return (int)count;
    }

    /// <summary>The bytes of a string; valid until the next call.</summary>
    public ReadOnlySpan<byte> StringBytes(int limit)
    {
        var length = UInt64();
        if (length > (ulong)limit)
            throw Fault($"holds a text of {length} bytes, more than the limit of {limit}");
        return Take((int)length);
    }

    public string String(int limit) => Encoding.UTF8.GetString(StringBytes(limit));

    public void Require(long count)
    {
        if (count > Remaining)
            throw Fault($"needs {count} bytes at offset {Position}, and the file has {Math.Max(0, Remaining)} left: it is truncated or damaged");
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Fill(int count)
    {
        Require(count);
        cancellationToken.ThrowIfCancellationRequested();
        if (Position + count > GgufLimits.HeaderBytes)
            throw Fault($"lies beyond the first {GgufLimits.HeaderBytes} bytes, where a header must end");
        var buffered = _end - _start;
        if (count > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(count);
            _buffer.AsSpan(_start, buffered).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else
        {
            _buffer.AsSpan(_start, buffered).CopyTo(_buffer);
        }
        (_start, _end) = (0, buffered);
        while (_end < count)
        {
            var read = RandomAccess.Read(file, _buffer.AsSpan(_end), _filled);
            if (read == 0)
                throw Fault($"the file ends at offset {_filled} although it was {FileLength} bytes long when it was opened");
            _end += read;
            _filled += read;
        }
    }
}

/// <summary>What a header may cost, whatever it claims.</summary>
internal static class GgufLimits
{
    public const int MetadataEntries = 65_536;
    public const int Tensors = 1 << 20;
    public const int Dimensions = 8;
    public const int NameBytes = 65_535;
    public const int TextBytes = 4 << 20;
    public const int KeptTextBytes = 32 << 20;
    public const int ArrayEntries = 1 << 28;
    public const int ArrayDepth = 4;
    public const int KeptArrayEntries = 8192;
    public const int Tokens = 1 << 21;
    public const int TokenBytes = 65_535;
    public const int AllTokenBytes = 64 << 20;
    public const long HeaderBytes = 256L << 20;
}

/// <summary>
/// A header that cannot be used. Thrown through the nested reads of one header and turned into a result where that header is read;
/// it never leaves the plugin.
/// </summary>
internal sealed class GgufException(string reason, string field) : Exception(reason)
{
    public string Field { get; } = field;
}
