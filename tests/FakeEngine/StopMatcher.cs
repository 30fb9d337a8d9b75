using System.Text;
using Google.Protobuf;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>Holds tokens back while one of their bytes can still belong to a stop string.</summary>
internal sealed class StopMatcher(IEnumerable<string> stops)
{
    private readonly byte[][] _stops = [.. stops.Select(Encoding.UTF8.GetBytes)];
    private readonly List<Token> _held = [];

    /// <summary>The stop string that was found; null: none yet.</summary>
    public string? Found { get; private set; }

    public int Held => _held.Count;

    /// <summary>Tokens that are free now, in order; after a match the last may be cut short, and what lies behind it is dropped.</summary>
    public List<Token> Add(Token token)
    {
        if (_stops.Length == 0)
            return [token];
        _held.Add(token);
        var text = _held.SelectMany(held => held.Piece).ToArray();
        var (start, stop) = FirstMatch(text);
        if (stop is not null)
        {
            Found = Encoding.UTF8.GetString(stop);
            return ReleaseBefore(start, cut: true);
        }

        return ReleaseBefore(text.Length - LongestBeginning(text), cut: false);
    }

    /// <summary>The text has ended: nothing held back can become a stop string any more.</summary>
    public List<Token> Flush()
    {
        var rest = _held.ToList();
        _held.Clear();
        return rest;
    }

    private (int Start, byte[]? Stop) FirstMatch(ReadOnlySpan<byte> text)
    {
        var (start, found) = (int.MaxValue, (byte[]?)null);
        foreach (var stop in _stops)
        {
            var index = text.IndexOf(stop);
            if (index >= 0 && index < start)
                (start, found) = (index, stop);
        }

        return (start, found);
    }

    /// <summary>Length of the longest end of the text that begins a stop string.</summary>
    private int LongestBeginning(ReadOnlySpan<byte> text)
    {
        for (var length = text.Length; length > 0; length--)
        {
            foreach (var stop in _stops)
            {
                if (length < stop.Length && stop.AsSpan(0, length).SequenceEqual(text[^length..]))
                    return length;
            }
        }

        return 0;
    }

    private List<Token> ReleaseBefore(int end, bool cut)
    {
        var free = new List<Token>();
        while (_held.Count > 0 && _held[0].Piece.Length <= end)
        {
            end -= _held[0].Piece.Length;
            free.Add(_held[0]);
            _held.RemoveAt(0);
            if (cut && end == 0)
                break;
        }

        if (!cut)
            return free;
        if (end > 0)
        {
            var last = _held[0].Clone();
            last.Piece = ByteString.CopyFrom(last.Piece.Span[..end]);
            free.Add(last);
        }

        _held.Clear();
        return free;
    }
}
