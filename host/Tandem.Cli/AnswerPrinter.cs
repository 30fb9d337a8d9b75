using System.Text;

namespace Tandem.Cli;

/// <summary>Writes an answer as it comes, what was drafted in green if colour is on.</summary>
internal sealed class AnswerPrinter(Stream output, bool color) : IAsyncDisposable
{
    private const string Green = "\u001b[32m";
    private const string Default = "\u001b[39m";

    private readonly StringBuilder _pending = new();
    private bool _green;
    private bool _endsLine = true;

    public async Task WriteAsync(DeltaView delta, CancellationToken cancellationToken)
    {
        if (delta.Content is not { Length: > 0 } text)
            return;
        var from = 0;
        foreach (var span in delta.Origin ?? [])
        {
            var length = Math.Min(span.Chars, text.Length - from);
            Append(text.AsSpan(from, length), drafted: span.From is not (null or "main"));
            from += length;
        }

        Append(text.AsSpan(from), drafted: false);
        _endsLine = text[^1] == '\n';
        await SendAsync(cancellationToken);
    }

    /// <summary>Ends the line the text ended in, and the colour.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        Color(false);
        if (!_endsLine)
            _pending.Append('\n');
        _endsLine = true;
        await SendAsync(cancellationToken);
    }

    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        _pending.Append(line).Append('\n');
        await SendAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => output.DisposeAsync();

    private void Append(ReadOnlySpan<char> text, bool drafted)
    {
        if (text.IsEmpty)
            return;
        Color(drafted);
        _pending.Append(text);
    }

    private void Color(bool green)
    {
        if (!color || green == _green)
            return;
        _pending.Append(green ? Green : Default);
        _green = green;
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (_pending.Length == 0)
            return;
        var bytes = Encoding.UTF8.GetBytes(_pending.ToString());
        _pending.Clear();
        await output.WriteAsync(bytes, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }
}
