using System.Numerics;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Finds the longest earlier place where a text went on after the tokens it ends with now: what followed there is a guess of what follows
/// here, at no cost of a model. Covers prompt and answer of one sequence.
/// </summary>
/// <remarks>
/// Every position is chained to the one before it whose last <see cref="LeastMatch"/> tokens have the same hash, as in LZ77 coders. Adding a
/// token is two array writes; a search looks at no more than <see cref="MaxCandidates"/> places and <see cref="LongestMatch"/> tokens of
/// each. A place that was right so far is kept as the first candidate, so that a long copy is followed however often its words occur.
/// Memory: two integers per token of text.
/// </remarks>
internal sealed class NgramIndex
{
    /// <summary>Tokens that must agree before a place counts.</summary>
    public const int LeastMatch = 3;

    /// <summary>Longer matches are as good as this one.</summary>
    public const int LongestMatch = 32;

    private const int MaxCandidates = 8;
    private const int FirstSize = 1024;

    private int[] _latest = [];
    private int[] _previous = [];
    private int _count;
    private int _followed = -1;
    private int _followedLength;

    /// <summary>Forgets everything: another text.</summary>
    public void Clear()
    {
        _latest.AsSpan().Clear();
        _count = 0;
        _followed = -1;
    }

    /// <summary>Looks for the place, after taking in what the text has gained since the last call. A text that is shorter than before is a new one.</summary>
    /// <returns>Where the guess starts in the text; its length is how many tokens before it agree with the end of the text, 0: no place.</returns>
    public NgramMatch Find(ReadOnlySpan<int> text)
    {
        if (text.Length < _count)
            Clear();
        Extend(text);
        var best = default(NgramMatch);
        if (text.Length <= LeastMatch)
            return best;
        // The place followed before moves on with the text, as long as it is right.
        var grown = _followed < 0 ? -1 : text.Length - _followedLength;
        if (grown >= 0 && _followed + grown < text.Length)
            best = Measure(text, _followed + grown, best);
        var candidate = _previous[text.Length - 1] - 1;
        for (var tries = 0; candidate >= 0 && tries < MaxCandidates && best.Length < LongestMatch; tries++)
        {
            best = Measure(text, candidate + 1, best);
            candidate = _previous[candidate] - 1;
        }
        (_followed, _followedLength) = best.Length > 0 ? (best.Start, text.Length) : (-1, 0);
        return best;
    }

    /// <summary>The better of a place and the best so far: longer, or as long and found first, which is later in the text.</summary>
    private static NgramMatch Measure(ReadOnlySpan<int> text, int start, NgramMatch best)
    {
        var length = 0;
        while (length < LongestMatch && length < start && text[start - 1 - length] == text[text.Length - 1 - length])
            length++;
        return length >= LeastMatch && length > best.Length ? new NgramMatch(start, length) : best;
    }

    private void Extend(ReadOnlySpan<int> text)
    {
        Reserve(text);
        for (; _count < text.Length; _count++)
            Link(text, _count);
    }

    /// <summary>Grows by doubling and links anew, which costs a constant per token over time.</summary>
    private void Reserve(ReadOnlySpan<int> text)
    {
        if (text.Length <= _previous.Length)
            return;
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(text.Length, FirstSize));
        _previous = new int[size];
        _latest = new int[size];
        _count = 0;
    }

    /// <summary>Links are one more than the position, so that fresh arrays mean "none".</summary>
    private void Link(ReadOnlySpan<int> text, int position)
    {
        _previous[position] = 0;
        if (position < LeastMatch - 1)
            return;
        ref var latest = ref _latest[Hash(text.Slice(position - LeastMatch + 1, LeastMatch)) & (_latest.Length - 1)];
        _previous[position] = latest;
        latest = position + 1;
    }

    private static int Hash(ReadOnlySpan<int> tokens)
    {
        var hash = 0x9E3779B9u;
        foreach (var token in tokens)
            hash = BitOperations.RotateLeft((hash ^ (uint)token) * 0x85EBCA6Bu, 15);
        return (int)(hash ^ (hash >> 13));
    }
}

/// <summary>A place in a text.</summary>
/// <param name="Start">The first token of the guess.</param>
/// <param name="Length">Tokens before it that agree with the end of the text; 0: no match.</param>
internal readonly record struct NgramMatch(int Start, int Length)
{
    /// <summary>
    /// A token of the guess. One that would lie behind the text is what the guess itself says there: the text is taken to repeat.
    /// </summary>
    public int TokenAt(ReadOnlySpan<int> text, int index) => text[Start + (index % (text.Length - Start))];
}
