using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class DraftTests
{
    private static readonly float[] Sure = [0, 9, 0, 0];
    private static readonly float[] Unsure = [1, 1.1f, 1, 1];

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void A_draft_ends_where_no_token_reaches_the_least_probability(float temperature)
    {
        var draft = New(temperature, minProbability: 0.5);
        draft.Begin(Origin.Draft, 4);
        Assert.True(draft.Propose(Sure));
        Assert.False(draft.Propose(Unsure));
        Assert.False(draft.WantsMore);
        Assert.Equal((1, 1), (draft.Count, draft.SentCount));
        Assert.Throws<InvalidOperationException>(() => draft.Propose(Sure));
    }

    [Fact]
    public void A_token_drawn_below_the_least_probability_is_kept_as_the_last()
    {
        // Most probable 0.55, so that the draft begins; the number falls on the other one.
        var draft = New(1, minProbability: 0.5, decisions: new LastToken());
        draft.Begin(Origin.Draft, 4);
        Assert.True(draft.Propose([0.2f, 0, float.NegativeInfinity, float.NegativeInfinity]));
        Assert.Equal((1, false), (draft.TokenAt(0), draft.WantsMore));
    }

    [Fact]
    public void A_token_that_ends_the_text_ends_the_draft()
    {
        var draft = New(0, endOfGeneration: 1);
        draft.Begin(Origin.Draft, 4);
        Assert.True(draft.Propose(Sure));
        Assert.Equal((1, false), (draft.Count, draft.WantsMore));
    }

    [Fact]
    public void Certain_tokens_too_few_are_held_back_and_drawn_ones_are_not()
    {
        var greedy = New(0, minProbability: 0.5, minLength: 2);
        greedy.Begin(Origin.Draft, 4);
        Assert.True(greedy.Propose(Sure));
        Assert.False(greedy.Propose(Unsure));
        Assert.Equal((1, 0), (greedy.Count, greedy.SentCount));

        var sampled = New(1, minProbability: 0.5, minLength: 2);
        sampled.Begin(Origin.Draft, 4);
        Assert.True(sampled.Propose(Sure));
        Assert.True(sampled.Propose(Unsure));
        Assert.Equal((2, 2, false), (sampled.Count, sampled.SentCount, sampled.WantsMore));
    }

    [Fact]
    public void A_draft_planned_shorter_than_the_least_length_is_none()
    {
        var draft = New(1, minLength: 3);
        draft.Begin(Origin.Draft, 2);
        Assert.False(draft.WantsMore);
        Assert.False(draft.ProposeCertain(1));
    }

    [Fact]
    public void The_chain_is_back_at_the_emitted_tokens_after_a_draft()
    {
        var chain = NewChain(1, -1);
        chain.Accept(2);
        var draft = new Draft(chain, new RandomDecisions(new CounterRandom(1)));
        draft.Begin(Origin.Ngram, 3);
        while (draft.ProposeCertain(1))
        {
        }
        Assert.Equal((3, 4), (draft.Count, chain.Position));
        draft.End();
        Assert.Equal(1, chain.Position);
    }

    [Fact]
    public void A_draft_is_empty_once_a_token_has_been_decided_after_it()
    {
        var chain = NewChain(1, -1);
        var decisions = new RandomDecisions(new CounterRandom(1));
        var (draft, verifier) = (new Draft(chain, decisions), new Verifier(chain, decisions));
        draft.Begin(Origin.Ngram, 3);
        while (draft.ProposeCertain(1))
        {
        }
        draft.End();
        Assert.Equal((3, 3), (draft.Count, draft.SentCount));
        verifier.Begin(draft);
        Assert.Equal(Outcome.Accepted, verifier.Next([0, 1000, 0, 0]).Outcome);
        Assert.Equal(Outcome.Accepted, verifier.Next([0, 1000, 0, 0]).Outcome);
        Assert.Equal(new Decision(Outcome.Corrected, 2, Origin.Main), verifier.Next([0, 0, 1000, 0]));
        draft.End();
        Assert.Equal((0, 0, 3), (draft.Count, draft.SentCount, chain.Position));
        verifier.Begin(draft);
        Assert.Equal(new Decision(Outcome.Bonus, 1, Origin.Main), verifier.Next([0, 1000, 0, 0]));
    }

    [Fact]
    public void A_row_that_allows_no_token_is_reported_and_decides_nothing()
    {
        var chain = NewChain(1, -1);
        var verifier = new Verifier(chain, new RandomDecisions(new CounterRandom(1)));
        verifier.Begin(null);
        Assert.Equal(new Decision(Outcome.Impossible, -1, Origin.Main), verifier.Next([float.NaN, float.NaN, float.NaN, float.NaN]));
        Assert.Equal(0, chain.Position);
    }

    private static Draft New(
        float temperature, double minProbability = 0, int minLength = 0, int endOfGeneration = -1, IDecisions? decisions = null) =>
        new(NewChain(temperature, endOfGeneration), decisions ?? new RandomDecisions(new CounterRandom(1)), minProbability, minLength);

    private static SamplerChain NewChain(float temperature, int endOfGeneration) =>
        new(SpeculationTrial.Plain with { Temperature = temperature }, new ChainVocabulary(4, [endOfGeneration], []));

    private sealed class LastToken : IDecisions
    {
        public void BeginStep(long position)
        {
        }

        public bool Accept(long position, double probability) => true;

        public int Draw(long position, DrawPurpose purpose, TokenDistribution distribution) => distribution.Draw(Math.BitDecrement(1.0));
    }
}
