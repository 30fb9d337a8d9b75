using System.Collections.Frozen;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;

namespace Tandem.Tests.LlamaCpp;

/// <summary>
/// When two greedy answers may differ: kernels of different batch widths round differently, and so does attention over a cache in which the
/// cells of other sequences lie between, so the same tokens give slightly different logits. A difference is excused where the logits of both
/// tokens are no further from the best one than twice the largest such deviation measured for the model (design of speculation, section 4): one
/// may have risen by it, the other fallen. The best one is that of a token both could choose: the end of the text may be forbidden.
/// </summary>
/// <remarks>
/// Measured by <see cref="NearTieStudyTests"/>: served alone, 1,000 answers with drafts of 0 to 16 did not differ in any of 64,760 tokens. With
/// three others in the same passes, 176 of 1,000 answers differed once in 64,627 tokens; at all of them the two best logits were at most 0.033
/// apart, and the deviations at those places reached 1.7 times that and more. In about half of these places width alone changes nothing:
/// only with company in the cache does anything move.
/// </remarks>
internal sealed class NearTie : IDisposable
{
    private static readonly int[] Widths = [2, 3, 4, 5, 8, 32, 256];
    private static readonly (int Width, int Company)[] Accompanied = [(1, 2), (4, 1), (5, 10), (32, 64), (256, 100)];

    private readonly LlamaContext _context;
    private readonly int _sequences;
    private readonly FrozenSet<int> _endOfGeneration;

    public NearTie(LoadedEngine engine)
    {
        var placement = engine.Placement;
        _sequences = placement.Parallel;
        _endOfGeneration = engine.Model.Vocabulary.EndOfGeneration;
        _context = LlamaContext.Create(engine.Model, placement.ContextParameters(outputsPerSequence: 64), null, () => false)!;
    }

    /// <summary>What was found at every difference.</summary>
    public List<Difference> Differences { get; } = [];

    /// <summary>Index of the first token that differs without excuse, -1 when there is none; counts excused differences.</summary>
    public int FirstUnexcused(IReadOnlyList<int> prompt, IReadOnlyList<int> one, IReadOnlyList<int> other, ref int excused)
    {
        var same = 0;
        while (same < one.Count && same < other.Count && one[same] == other[same])
            same++;
        if (same == one.Count && same == other.Count)
            return -1;
        int[] tokens = [.. prompt, .. one.Take(same)];
        var narrow = LastLogits(tokens, width: 1);
        float Deviation(float[] logits) => logits.Zip(narrow, (one, other) => Math.Abs(one - other)).Max();
        var alone = Widths.Max(width => Deviation(LastLogits(tokens, width)));
        var accompanied = _sequences > 1 ? Accompanied.Max(company => Deviation(LastLogits(tokens, company.Width, company.Company))) : 0;
        var gap = Gap(narrow, same < one.Count && same < other.Count ? [one[same], other[same]] : []);
        Differences.Add(new Difference(gap, alone, accompanied));
        if (gap > 2 * Math.Max(alone, accompanied))
            return same;
        excused++;
        return -1;
    }

    /// <summary>How far the worse of two chosen tokens is from the best that goes on; without both (one answer ended) the two best of all.</summary>
    private float Gap(float[] logits, int[] chosen)
    {
        if (chosen.Length == 0)
            return logits.OrderDescending().Take(2).Aggregate((best, second) => best - second);
        return logits.Where((_, token) => !_endOfGeneration.Contains(token)).Max() - chosen.Min(token => logits[token]);
    }

    public void Dispose() => _context.Dispose();

    /// <param name="tokens">The text.</param>
    /// <param name="width">Tokens of it per pass.</param>
    /// <param name="company">Rows of another sequence in every pass, as long as there is room; they take cells as well.</param>
    private float[] LastLogits(int[] tokens, int width, int company = 0)
    {
        _context.Clear();
        var (row, others) = (0, 0);
        for (var start = 0; start < tokens.Length; start += width)
        {
            for (var count = 0; count < company && tokens.Length + others + 1 < _context.ContextLength; count++, others++)
                _context.Add(tokens[others % tokens.Length], others, sequence: 1, wantsLogits: false);
            for (var position = start; position < Math.Min(start + width, tokens.Length); position++)
                row = _context.Add(tokens[position], position, 0, wantsLogits: position == tokens.Length - 1);
            Assert.Equal(DecodeStatus.Ok, _context.Decode());
        }
        return _context.Logits(row).ToArray();
    }

    /// <param name="Gap">Between the best logit and that of the worse of the two tokens.</param>
    /// <param name="Alone">Largest deviation over passes of other widths.</param>
    /// <param name="Accompanied">The same with another sequence in the cache.</param>
    internal readonly record struct Difference(float Gap, float Alone, float Accompanied);
}
