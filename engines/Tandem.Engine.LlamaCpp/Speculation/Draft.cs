using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// The draft of one step of one request: its tokens and the distributions they were really drawn from. Used again for every step.
/// It belongs to the position it was made at: once a token has been decided there it counts as empty, so it is never used twice.
/// </summary>
/// <remarks>
/// The law of the answer stays the main model's as long as no drawn token is put aside because of what it is: the chance that a token
/// is proposed must be the q that the verifier divides by. Hence, where tokens are drawn and not certain:
/// <list type="bullet">
/// <item>A distribution in which no token reaches the least probability ends the draft before a token is drawn from it.</item>
/// <item>A token drawn below the least probability, or one that ends the text, is kept and ends the draft after it.</item>
/// <item>A draft, once begun, goes on to the least length, and every drawn token is sent. Holding back a short draft would favour the
/// tokens after which drafts are long. Only certain tokens (temperature 0, n-grams) are held back for being too few.</item>
/// <item>Who stops a draft (<see cref="IDraftStop"/>) does so on what is drafted already, before the next token is drawn.</item>
/// <item>A caller may plan a shorter draft or none for reasons of room, time or load, never because of the tokens in it.</item>
/// </list>
/// </remarks>
internal sealed class Draft(SamplerChain chain, IDecisions decisions, double minProbability = 0, int minLength = 0)
{
    private readonly List<TokenDistribution> _laws = [];
    private readonly List<int> _tokens = [];
    private ChainMark _mark;
    private int _length;
    private IDraftStop? _stop;
    private bool _hasEnded = true;

    /// <summary>Tokens drafted so far.</summary>
    public int Count => IsUsed ? 0 : _tokens.Count;

    /// <summary>Where the tokens of this draft come from: <see cref="Origin.Draft"/> or <see cref="Origin.Ngram"/>.</summary>
    public Origin Origin { get; private set; } = Origin.Draft;

    /// <summary>True while a further token is wanted.</summary>
    public bool WantsMore { get; private set; }

    /// <summary>True while every token follows from the text: none was drawn by chance.</summary>
    public bool IsCertain { get; private set; }

    /// <summary>
    /// Tokens that go through the main model after the last emitted one: all of them, or none when they are certain and too few.
    /// </summary>
    public int SentCount => IsCertain && Count < minLength ? 0 : Count;

    private bool IsUsed => _hasEnded && chain.Position != _mark.Position;

    public int TokenAt(int index) => _tokens[index];

    /// <summary>The distribution the token was drawn from.</summary>
    public TokenDistribution LawAt(int index) => _laws[index];

    /// <summary>Starts a draft of at most so many tokens; 0, or fewer than the least length, drafts none.</summary>
    /// <param name="origin">Who proposes.</param>
    /// <param name="length">Most tokens.</param>
    /// <param name="stop">Ends it earlier; null: nobody.</param>
    public void Begin(Origin origin, int length, IDraftStop? stop = null)
    {
        decisions.BeginStep(chain.Position);
        _stop = stop;
        _tokens.Clear();
        _mark = chain.Mark();
        _length = length;
        Origin = origin;
        IsCertain = true;
        _hasEnded = false;
        WantsMore = length > 0 && length >= minLength;
    }

    /// <summary>
    /// Draws the next token from a row of the draft model's logits: those after <see cref="TokenAt"/> of the last one.
    /// False when nothing was drawn; the draft then ends.
    /// </summary>
    public bool Propose(ReadOnlySpan<float> row)
    {
        if (!WantsMore)
            throw new InvalidOperationException("The draft is complete.");
        var law = NextLaw();
        if (minProbability > 0 || _stop is not null)
            chain.ApplyWithConfidence(row, law);
        else
            chain.Apply(row, law);
        var mayStop = Count == 0 || Count >= minLength || law.IsPoint;
        if (law.IsEmpty || (mayStop && IsNotWorthIt(law)))
        {
            WantsMore = false;
            return false;
        }
        var token = decisions.Draw(chain.Position, DrawPurpose.Draft, law);
        IsCertain &= law.IsPoint;
        Add(token);
        var isImprobable = !law.IsPoint && law.Probability(token) < minProbability;
        if (WantsMore && Count >= minLength && (isImprobable || _stop?.GoesOn(Count) == false))
            WantsMore = false;
        return true;
    }

    /// <summary>Adds a token that follows from the text alone: an n-gram match. False when the draft is complete.</summary>
    public bool ProposeCertain(int token)
    {
        if (!WantsMore)
            return false;
        NextLaw().SetPoint(token);
        Add(token);
        return true;
    }

    /// <summary>Ends drafting: the chain is back at the emitted tokens.</summary>
    public void End()
    {
        if (_hasEnded)
            return;
        chain.Restore(_mark);
        WantsMore = false;
        _hasEnded = true;
    }

    private bool IsNotWorthIt(TokenDistribution law) =>
        law.Confidence < minProbability || _stop?.Admits(Count, law.Confidence) == false;

    private TokenDistribution NextLaw()
    {
        if (_laws.Count == Count)
            _laws.Add(new TokenDistribution());
        return _laws[Count];
    }

    private void Add(int token)
    {
        _tokens.Add(token);
        chain.Accept(token);
        WantsMore = Count < _length && !chain.IsEndOfGeneration(token);
    }
}
