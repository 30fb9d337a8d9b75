using System.Text;
using Google.Protobuf.Collections;
using Tandem.Host.Chat;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>
/// Makes text of the bytes of tokens. A character that is spread over several tokens, or over several steps, comes out whole with the
/// token that completes it and counts as that token's; bytes that are no UTF-8 become U+FFFD. For one answer, not for several threads.
/// </summary>
internal sealed class TextAssembler
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[256];
    private int _count;
    private readonly List<OriginRun> _runs = [];

    /// <summary>Text that the tokens of a step complete; null when they complete no character.</summary>
    public ChatEvent.Delta? Add(RepeatedField<Token> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
            Append(tokens[i]);
        return Take();
    }

    /// <summary>Text that one token completes.</summary>
    public ChatEvent.Delta? Add(Token token)
    {
        Append(token);
        return Take();
    }

    /// <summary>What is left at the end: a character whose bytes never all came.</summary>
    public ChatEvent.Delta? Finish()
    {
        Decode([], Origin.Main, tokens: 0, flush: true);
        return Take();
    }

    /// <summary>Control tokens are not part of the visible text, except the marks of reasoning where a vocabulary has them as such.</summary>
    private void Append(Token token)
    {
        if (!token.Control)
            Decode(token.Piece.Span, token.Origin, tokens: 1, flush: false);
        else if (token.ControlText is ReasoningTags.Open or ReasoningTags.Close)
            Decode(Encoding.UTF8.GetBytes(token.ControlText), token.Origin, tokens: 1, flush: false);
    }

    private void Decode(ReadOnlySpan<byte> bytes, Origin origin, int tokens, bool flush)
    {
        var room = _count + Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (_characters.Length < room)
            Array.Resize(ref _characters, Math.Max(room, 2 * _characters.Length));
        var added = _decoder.GetChars(bytes, _characters.AsSpan(_count), flush);
        if (added + tokens == 0)
            return;
        _count += added;
        OriginRun.Append(_runs, new OriginRun(added, origin == Origin.Unspecified ? Origin.Main : origin, tokens));
    }

    private ChatEvent.Delta? Take()
    {
        if (_count == 0)
            return null;
        var delta = new ChatEvent.Delta(new string(_characters, 0, _count), _runs.ToArray());
        _count = 0;
        _runs.Clear();
        return delta;
    }
}
