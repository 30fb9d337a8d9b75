using System.Text;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// DRY ("don't repeat yourself"): a token that would lengthen a repetition of earlier text loses multiplier · base^(length - allowed), where
/// length is how many of the last tokens occur there. A repetition is never seen across a breaker, and a breaker is never penalised.
/// </summary>
internal sealed class DryPenalty : ILogitStage
{
    private readonly double _multiplier;
    private readonly double _base;
    private readonly int _allowed;
    private readonly int _window;
    private readonly Func<int, ReadOnlyMemory<byte>> _pieceOf;
    private readonly byte[][] _breakers;
    private readonly int _longestBreaker;

    // By position: the token, whether a breaker ends in it, and where its bytes begin in the text.
    private int[] _history = new int[1024];
    private bool[] _breaks = new bool[1024];
    private int[] _starts = new int[1024];
    private int _count;
    private byte[] _text = new byte[4096];
    private int _textLength;

    private int[] _matches = [];
    private readonly int[] _lengths;
    private readonly List<int> _repeaters = [];

    public DryPenalty(SamplingSettings settings, ChainVocabulary vocabulary)
    {
        (_multiplier, _base, _allowed) = (settings.DryMultiplier, settings.DryBase, settings.DryAllowedLength);
        _window = settings.DryWindow < 0 ? int.MaxValue : settings.DryWindow;
        _pieceOf = vocabulary.PieceOf ?? (_ => ReadOnlyMemory<byte>.Empty);
        _breakers = [.. settings.DrySequenceBreakers.Select(Encoding.UTF8.GetBytes)];
        _longestBreaker = _breakers.Max(breaker => breaker.Length);
        _lengths = new int[vocabulary.Size];
    }

    public void Apply(Span<float> logits)
    {
        var limit = TokensSinceBreaker();
        var count = Math.Min(_count, _window);
        if (limit < _allowed || count < 2)
            return;
        MatchSuffixes(count);
        for (var distance = 1; distance < count; distance++)
        {
            var length = Math.Min(_matches[distance], limit);
            // What followed the earlier occurrence.
            var token = Last(distance - 1);
            if (length < Math.Max(_allowed, 1) || (uint)token >= (uint)logits.Length || length <= _lengths[token])
                continue;
            if (_lengths[token] == 0)
                _repeaters.Add(token);
            _lengths[token] = length;
        }
        foreach (var token in _repeaters)
        {
            if (!HasBreaker(_pieceOf(token).Span))
                logits[token] -= (float)Math.Min(_multiplier * Math.Pow(_base, _lengths[token] - _allowed), float.MaxValue);
            _lengths[token] = 0;
        }
        _repeaters.Clear();
    }

    public void Accept(int token)
    {
        if (_count == _history.Length)
        {
            Array.Resize(ref _history, 2 * _count);
            Array.Resize(ref _breaks, 2 * _count);
            Array.Resize(ref _starts, 2 * _count);
        }
        var piece = _pieceOf(token).Span;
        if (_text.Length < _textLength + piece.Length)
            Array.Resize(ref _text, Math.Max(2 * _text.Length, _textLength + piece.Length));
        piece.CopyTo(_text.AsSpan(_textLength));
        // A breaker may have begun in the tokens before, but must end in this one.
        var from = Math.Max(0, _textLength - _longestBreaker + 1);
        var start = _textLength;
        _textLength += piece.Length;
        (_history[_count], _starts[_count]) = (token, start);
        _breaks[_count++] = EndsInBreaker(from, start);
    }

    public void Rollback(int count)
    {
        if (count == 0)
            return;
        _count -= count;
        _textLength = _starts[_count];
    }

    private int Last(int distance) => _history[_count - 1 - distance];

    private int TokensSinceBreaker()
    {
        var tokens = 0;
        while (tokens < _count && !_breaks[_count - 1 - tokens])
            tokens++;
        return tokens;
    }

    private bool EndsInBreaker(int from, int start)
    {
        foreach (var breaker in _breakers)
        {
            var text = _text.AsSpan(Math.Max(from, start - breaker.Length + 1).._textLength);
            if (text.IndexOf(breaker) >= 0)
                return true;
        }
        return false;
    }

    private bool HasBreaker(ReadOnlySpan<byte> piece)
    {
        foreach (var breaker in _breakers)
        {
            if (piece.IndexOf(breaker) >= 0)
                return true;
        }
        return false;
    }

    /// <summary>How many tokens before each distance equal the last ones: the Z function of the reversed text (Gusfield, 1997).</summary>
    private void MatchSuffixes(int count)
    {
        if (_matches.Length < count)
            _matches = new int[_history.Length];
        var (left, right) = (0, 0);
        for (var distance = 1; distance < count; distance++)
        {
            var length = distance < right ? Math.Min(right - distance, _matches[distance - left]) : 0;
            while (distance + length < count && Last(length) == Last(distance + length))
                length++;
            _matches[distance] = length;
            if (distance + length > right)
                (left, right) = (distance, distance + length);
        }
    }
}
