using System.Text;

namespace Tandem.Host.Workers;

/// <summary>Reads lines of UTF-8 in bounded memory: what exceeds <see cref="LongestLine"/> is dropped and marked.</summary>
internal static class LineReader
{
    public const int LongestLine = 2000;
    private const int BufferSize = 8192;

    /// <summary>Reads to the end of <paramref name="source"/> or until cancelled; neither is an error.</summary>
    public static async Task ReadAsync(Stream source, Action<string> onLine, CancellationToken cancellationToken)
    {
        var bytes = new byte[BufferSize];
        var chars = new char[BufferSize + 4];
        var decoder = Encoding.UTF8.GetDecoder();
        var line = new StringBuilder();
        try
        {
            int read;
            while ((read = await source.ReadAsync(bytes, cancellationToken)) > 0)
                Split(chars.AsSpan(0, decoder.GetChars(bytes.AsSpan(0, read), chars, flush: false)), line, onLine);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The pipe is gone or nobody wants it any more; what was read counts.
        }

        if (line.Length > 0)
            Emit(line, onLine);
    }

    private static void Split(ReadOnlySpan<char> text, StringBuilder line, Action<string> onLine)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf('\n');
            var piece = end < 0 ? text : text[..end];
            // One character more than fits marks the line as cut.
            line.Append(piece[..Math.Min(piece.Length, LongestLine + 1 - Math.Min(line.Length, LongestLine + 1))]);
            if (end < 0)
                return;
            Emit(line, onLine);
            text = text[(end + 1)..];
        }
    }

    private static void Emit(StringBuilder line, Action<string> onLine)
    {
        if (line.Length > LongestLine)
            line.Length = LongestLine;
        else if (line.Length > 0 && line[^1] == '\r')
            line.Length--;
        onLine(line.ToString());
        line.Clear();
    }
}
