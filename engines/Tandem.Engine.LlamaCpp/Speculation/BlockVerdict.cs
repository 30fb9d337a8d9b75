namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// How many tokens of a drawn draft are accepted when they are judged jointly: block verification of Sun et al. (ICLR 2025). With
/// b_0 = 1 and b_i = min(1, b_{i-1} p(x_i)/q(x_i)), the first i tokens are accepted with probability h_i independently of the others,
/// and the largest such i counts: h_K = b_K for the whole draft, else h_i = S_i / (S_i + 1 - b_i) with S_i the mass of
/// max(0, b_i p - q) after them. What follows is drawn from that residual, or from p after the whole draft.
/// </summary>
/// <remarks>
/// The chance that at least i tokens are accepted is b_i, whatever ends the draft behind them, as long as that depends on drafted tokens
/// only. Tokens behind the accepted ones have had a say, so their random numbers are not used again (<see cref="RandomDecisions"/>).
/// </remarks>
internal sealed class BlockVerdict(SamplerChain chain, IDecisions decisions)
{
    private readonly List<TokenDistribution> _laws = [];
    private readonly List<double> _shares = [];
    private readonly TokenDistribution _residual = new();
    private Draft? _draft;
    private ChainMark _start;
    private int _count;
    private int _weighed;

    /// <summary>Tokens accepted, once every row has been weighed.</summary>
    public int Accepted { get; private set; }

    public void Begin(Draft draft)
    {
        _draft = draft;
        _start = chain.Mark();
        _count = draft.SentCount;
        _weighed = 0;
        _shares.Clear();
        _shares.Add(1);
    }

    /// <summary>The main distribution that decides about a draft token.</summary>
    public TokenDistribution LawAt(int index) => _laws[index];

    /// <summary>b_i: the chance that at least so many tokens are accepted, given what they are.</summary>
    public double ShareAt(int count) => _shares[count];

    /// <summary>Takes the next row of main logits: after all draft tokens weighed so far.</summary>
    public void Weigh(ReadOnlySpan<float> row)
    {
        var draft = _draft!;
        if (_laws.Count == _weighed)
            _laws.Add(new TokenDistribution());
        var law = _laws[_weighed];
        var share = _shares[_weighed];
        // Behind a token that the main model rules out nothing is accepted any more, and its history may not exist.
        if (share > 0)
        {
            var token = draft.TokenAt(_weighed);
            chain.Apply(row, law);
            share = law.IsEmpty ? 0 : Math.Min(1, share * law.Probability(token) / draft.LawAt(_weighed).Probability(token));
            if (share > 0)
                chain.Accept(token);
        }
        _shares.Add(share);
        if (++_weighed < _count)
            return;
        chain.Restore(_start);
        Accepted = LargestAccepted(draft);
    }

    private int LargestAccepted(Draft draft)
    {
        var count = _count;
        while (count > 0 && !decisions.Accept(chain.Position + count - 1, Chance(draft, count)))
            count--;
        return count;
    }

    private double Chance(Draft draft, int count)
    {
        var share = _shares[count];
        if (share <= 0 || count == _count)
            return share;
        var left = _residual.SetResidual(_laws[count], draft.LawAt(count), share);
        var whole = left + 1 - share;
        // Nothing left of a certain prefix: the tokens behind it are accepted with certainty, and the question does not come up.
        return whole > 0 ? Math.Min(1, left / whole) : 1;
    }
}
