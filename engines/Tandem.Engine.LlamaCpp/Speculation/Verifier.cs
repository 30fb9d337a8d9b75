using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>How the token of a row came about.</summary>
internal enum Outcome
{
    /// <summary>The draft token was accepted; the next row decides about the next one.</summary>
    Accepted,

    /// <summary>The draft token was refused and this one is the main model's instead; the step is over.</summary>
    Corrected,

    /// <summary>No draft token was left: the main model's own; the step is over.</summary>
    Bonus,

    /// <summary>The row allows no token at all; the step is over and the answer cannot go on.</summary>
    Impossible,
}

/// <summary>One decided token.</summary>
/// <param name="Outcome">How it came about.</param>
/// <param name="Token">Its id; -1 when impossible.</param>
/// <param name="Origin">Who proposed it.</param>
internal readonly record struct Decision(Outcome Outcome, int Token, Origin Origin)
{
    /// <summary>True when the step goes on with the next row.</summary>
    public bool HasNext => Outcome == Outcome.Accepted;
}

/// <summary>
/// Decides about a draft, row by row: speculative sampling of Leviathan, Kalman and Matias (2023) and Chen et al. (2023). With p the
/// main distribution after the whole chain and q the one the draft token d was drawn from, d is accepted with probability
/// min(1, p(d)/q(d)); a refusal draws from norm(max(0, p - q)); after the last token one more is drawn from p. The law of the answer is
/// p's, whatever q is. A draft token that follows from the text alone has q = 1; at temperature 0 p is 1 on one token, so the rule is
/// exact match. Plain decoding is the case of an empty draft.
/// </summary>
/// <remarks>
/// With <see cref="BlockVerdict"/> drawn tokens are accepted jointly, which keeps the law too and accepts no fewer; its caller hands in the
/// rows of the draft with <see cref="Weigh"/> first. Tokens that follow from the text alone gain nothing by it.
/// The chain's history grows with every decided token and is never ahead of them. A caller may stop asking after any row.
/// </remarks>
internal sealed class Verifier(SamplerChain chain, IDecisions decisions, bool byBlock = false)
{
    private readonly TokenDistribution _row = new();
    private readonly TokenDistribution _residual = new();
    private readonly BlockVerdict? _block = byBlock ? new BlockVerdict(chain, decisions) : null;
    private Draft? _draft;
    private int _sentCount;
    private int _index;

    /// <summary>Starts a step. Null, or an empty draft: plain decoding, one row.</summary>
    public void Begin(Draft? draft)
    {
        if (draft is null)
            decisions.BeginStep(chain.Position);
        _draft = draft;
        _sentCount = draft?.SentCount ?? 0;
        _index = 0;
        RowsToWeigh = _block is null || draft is null || draft.IsCertain ? 0 : _sentCount;
        if (RowsToWeigh > 0)
            _block!.Begin(draft!);
        Main = _row;
    }

    /// <summary>Rows that <see cref="Weigh"/> wants, in order, before the first <see cref="Next"/>: those the draft's tokens are judged by.</summary>
    public int RowsToWeigh { get; private set; }

    /// <summary>The main distribution of the last row, after the chain.</summary>
    public TokenDistribution Main { get; private set; } = new();

    public void Weigh(ReadOnlySpan<float> row) => _block!.Weigh(row);

    /// <summary>Decides the next token.</summary>
    /// <param name="row">Main logits after the tokens decided so far: row i of the pass over [last, d_1, …, d_K].</param>
    public Decision Next(ReadOnlySpan<float> row)
    {
        var isWeighed = _index < RowsToWeigh;
        Main = isWeighed ? _block!.LawAt(_index) : _row;
        if (!isWeighed)
            chain.Apply(row, _row);
        if (Main.IsEmpty)
            return new Decision(Outcome.Impossible, -1, Origin.Main);
        var decision = _draft is not { } draft || _index >= _sentCount ? Drawn(Outcome.Bonus, Main)
            : isWeighed ? DecideByBlock(draft, _block!)
            : Decide(draft);
        chain.Accept(decision.Token);
        return decision;
    }

    private Decision Decide(Draft draft)
    {
        var token = draft.TokenAt(_index);
        var law = draft.LawAt(_index);
        var (p, q) = (Main.Probability(token), law.Probability(token));
        if (decisions.Accept(chain.Position, p >= q ? 1 : p / q))
            return Accepted(draft);
        _residual.SetResidual(Main, law);
        return Drawn(Outcome.Corrected, _residual.IsEmpty ? Main : _residual);
    }

    private Decision DecideByBlock(Draft draft, BlockVerdict block)
    {
        if (_index < block.Accepted)
            return Accepted(draft);
        _residual.SetResidual(Main, draft.LawAt(_index), block.ShareAt(_index));
        return Drawn(Outcome.Corrected, _residual.IsEmpty ? Main : _residual);
    }

    private Decision Accepted(Draft draft) => new(Outcome.Accepted, draft.TokenAt(_index++), draft.Origin);

    private Decision Drawn(Outcome outcome, TokenDistribution distribution) =>
        new(outcome, decisions.Draw(chain.Position, DrawPurpose.Main, distribution), Origin.Main);
}
