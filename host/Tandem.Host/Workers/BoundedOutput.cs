using System.Buffers;
using System.Text;

namespace Tandem.Host.Workers;

/// <summary>What a child writes to standard output, kept whole up to a bound; what exceeds it is read and dropped.</summary>
internal sealed class BoundedOutput
{
    public const int MostBytes = 1024 * 1024;
    private const int BufferSize = 8192;
    private readonly ArrayBufferWriter<byte> _kept = new();

    /// <summary>Complete once the child has ended.</summary>
    public string Text => Encoding.UTF8.GetString(_kept.WrittenSpan);

    /// <summary>Reads to the end of <paramref name="source"/> or until cancelled; neither is an error.</summary>
    public async Task ReadAsync(Stream source, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        try
        {
            int read;
            while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
                _kept.Write(buffer.AsSpan(0, Math.Min(read, MostBytes - _kept.WrittenCount)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The pipe is gone or nobody wants it any more; what was read counts.
        }
    }
}
