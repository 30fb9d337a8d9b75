using System.Text;

namespace Tandem.Host.Chat;

/// <summary>
/// Tells reasoning from answer while the text comes: a <c>&lt;think&gt;</c> at the beginning opens it, <c>&lt;/think&gt;</c> closes it. The
/// marks and the white space around them belong to neither. What could still become a mark is held back. For one answer.
/// </summary>
/// <param name="inside">The prompt has opened the reasoning already.</param>
internal sealed class ReasoningSplitter(bool inside)
{
    private readonly StringBuilder _held = new();
    private Phase _phase = inside ? Phase.Opening : Phase.Start;

    private enum Phase
    {
        /// <summary>Nothing but white space has come.</summary>
        Start,

        /// <summary>Reasoning is open, and nothing but white space has come of it.</summary>
        Opening,
        Reasoning,

        /// <summary>Reasoning is closed, and nothing but white space has come since.</summary>
        Closed,
        Content,
    }

    /// <summary>What was added last is reasoning, as far as can be told.</summary>
    public bool IsInside => _phase is Phase.Opening or Phase.Reasoning;

    /// <summary>From here on all is content: pieces need not be looked at.</summary>
    public bool IsThrough => _phase == Phase.Content && _held.Length == 0;

    /// <param name="text">The next characters.</param>
    /// <param name="pieces">Gets what is decided now: characters to drop, reasoning or content, in order; together with what is held they are all.</param>
    public void Add(string text, List<Piece> pieces)
    {
        _held.Append(text);
        while (_held.Length > 0 && Step(_held.ToString(), pieces))
        {
        }
    }

    /// <summary>Decides what is held, at the end of the answer.</summary>
    public void Finish(List<Piece> pieces)
    {
        var kind = _phase switch { Phase.Start or Phase.Content => PieceKind.Content, Phase.Reasoning => PieceKind.Reasoning, _ => PieceKind.Dropped };
        Take(_held.Length, kind, pieces);
    }

    /// <summary>One decision; false when it takes more text.</summary>
    private bool Step(string held, List<Piece> pieces)
    {
        var spaces = held.Length - held.AsSpan().TrimStart().Length;
        switch (_phase)
        {
            case Phase.Start:
                var rest = held.AsSpan(spaces);
                if (rest.StartsWith(ReasoningTags.Open))
                    return Take(spaces + ReasoningTags.Open.Length, PieceKind.Dropped, pieces, Phase.Opening);
                return !ReasoningTags.Open.AsSpan().StartsWith(rest) && Take(held.Length, PieceKind.Content, pieces, Phase.Content);
            case Phase.Opening:
                return Take(spaces, PieceKind.Dropped, pieces, spaces < held.Length ? Phase.Reasoning : Phase.Opening) && spaces < held.Length;
            case Phase.Reasoning:
                return Reason(held, pieces);
            case Phase.Closed:
                return Take(spaces, PieceKind.Dropped, pieces, spaces < held.Length ? Phase.Content : Phase.Closed) && spaces < held.Length;
            default:
                return Take(held.Length, PieceKind.Content, pieces);
        }
    }

    private bool Reason(string held, List<Piece> pieces)
    {
        var close = held.IndexOf(ReasoningTags.Close, StringComparison.Ordinal);
        var end = close >= 0 ? close : held.Length - Overlap(held);
        // White space before the mark is not shown: whether it stands before one is not known yet.
        var shown = held.AsSpan(0, end).TrimEnd().Length;
        Take(shown, PieceKind.Reasoning, pieces);
        return close >= 0 && Take(close - shown + ReasoningTags.Close.Length, PieceKind.Dropped, pieces, Phase.Closed);
    }

    /// <summary>Characters at the end that may be the beginning of the closing mark.</summary>
    private static int Overlap(string held)
    {
        var most = Math.Min(held.Length, ReasoningTags.Close.Length - 1);
        for (var length = most; length > 0; length--)
        {
            if (string.CompareOrdinal(held, held.Length - length, ReasoningTags.Close, 0, length) == 0)
                return length;
        }
        return 0;
    }

    private bool Take(int length, PieceKind kind, List<Piece> pieces, Phase? next = null)
    {
        _phase = next ?? _phase;
        if (length == 0)
            return true;
        pieces.Add(new Piece(_held.ToString(0, length), kind));
        _held.Remove(0, length);
        return true;
    }

    public enum PieceKind
    {
        Dropped,
        Reasoning,
        Content,
    }

    public readonly record struct Piece(string Text, PieceKind Kind);
}
