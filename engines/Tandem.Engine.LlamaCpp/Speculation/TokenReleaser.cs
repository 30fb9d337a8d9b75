using Google.Protobuf;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Holds tokens back until none of their bytes can still belong to a stop string, and cuts the text where one is found. Tokens leave
/// in the order they came, control tokens (no bytes) among them.
/// </summary>
internal sealed class TokenReleaser(IReadOnlyList<string> stopStrings)
{
    private readonly StopMatcher? _matcher = stopStrings.Count > 0 ? new StopMatcher(stopStrings) : null;
    private readonly Queue<Held> _held = [];
    private long _read;

    /// <summary>The stop string that ended the text; null so far.</summary>
    public string? StopString => _matcher?.Match;

    /// <summary>Tokens held back.</summary>
    public int HeldCount => _held.Count;

    /// <summary>
    /// Takes the next token; what may go out is added to <paramref name="released"/>. True when a stop string ends the text: everything
    /// before it has then been released, the last token cut short where the string begins inside it, and the rest is dropped.
    /// </summary>
    public bool Add(Token token, ICollection<Token> released)
    {
        if (_matcher is null)
        {
            released.Add(token);
            return false;
        }
        if (_matcher.Match is not null)
            throw new InvalidOperationException("The text has ended.");
        var start = _read;
        _held.Enqueue(new Held(token, start));
        foreach (var value in token.Piece.Span)
        {
            _read++;
            if (!_matcher.Read(value))
                continue;
            Cut(_read - _matcher.MatchLength, released);
            return true;
        }
        ReleaseBefore(_read - _matcher.PendingLength, released);
        return false;
    }

    /// <summary>The text has ended without a stop string: everything held is released.</summary>
    public void Flush(ICollection<Token> released)
    {
        if (StopString is null)
            ReleaseBefore(long.MaxValue, released);
    }

    private void Cut(long end, ICollection<Token> released)
    {
        ReleaseBefore(end, released);
        if (_held.TryPeek(out var first) && first.Start < end)
        {
            first.Token.Piece = ByteString.CopyFrom(first.Token.Piece.Span[..(int)(end - first.Start)]);
            released.Add(first.Token);
        }
        _held.Clear();
    }

    private void ReleaseBefore(long end, ICollection<Token> released)
    {
        while (_held.TryPeek(out var first) && first.End <= end)
            released.Add(_held.Dequeue().Token);
    }

    /// <param name="Token">A token held back.</param>
    /// <param name="Start">Bytes of the text before it.</param>
    private readonly record struct Held(Token Token, long Start)
    {
        public long End => Start + Token.Piece.Length;
    }
}
