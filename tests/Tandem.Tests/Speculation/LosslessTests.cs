using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

/// <summary>
/// The promise of speculation, proven by enumerating every outcome: the law of the answer is the main model's. Controls with a mistake
/// on purpose show that the same check would see it.
/// </summary>
public sealed class LosslessTests
{
    private const double Exact = 1e-12;
    private const double Visible = 0.01;

    private static SamplingSettings Plain => SpeculationTrial.Plain;

    public static TheoryData<string> Settings => [.. NamedSettings.Keys];

    private static Dictionary<string, SamplingSettings> NamedSettings { get; } = new()
    {
        ["plain"] = Plain,
        ["temperature"] = Plain with { Temperature = 0.6f },
        ["greedy"] = Plain with { Temperature = 0 },
        ["top-k"] = Plain with { TopK = 2, Temperature = 1.4f },
        ["top-p and min-p"] = Plain with { TopP = 0.8f, MinP = 0.1f },
        ["typical"] = Plain with { TypicalP = 0.7f },
        ["penalties"] = Plain with { RepetitionPenalty = 1.5f, FrequencyPenalty = 0.4f, PresencePenalty = 0.3f, PenaltyWindow = 3 },
        ["greedy with penalties"] = Plain with { Temperature = 0, RepetitionPenalty = 1.8f, FrequencyPenalty = 0.5f, PenaltyWindow = -1 },
        ["everything"] = Plain with { Temperature = 0.9f, TopK = 4, TopP = 0.9f, MinP = 0.02f, PresencePenalty = 0.7f, PenaltyWindow = 2 },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void The_law_of_the_answer_is_the_main_models_for_every_proposer_and_length(string name)
    {
        foreach (var proposal in Enum.GetValues<Proposal>())
            foreach (var length in new[] { 1, 2, 3 })
                foreach (var mask in new[] { false, true })
                    foreach (var byBlock in new[] { false, true })
                        AssertLossless(Trial(4) with
                        {
                            Settings = NamedSettings[name],
                            Proposal = proposal,
                            Length = _ => length,
                            WithMask = mask,
                            ByBlock = byBlock,
                        });
    }

    [Theory]
    [InlineData(3, 4, 5)]
    [InlineData(4, 4, 4)]
    [InlineData(8, 2, 3)]
    public void It_holds_for_longer_drafts_and_larger_vocabularies(int vocabulary, int length, int tokens)
    {
        foreach (var byBlock in new[] { false, true })
            AssertLossless(Trial(vocabulary) with { Length = _ => length, WithMask = true, ByBlock = byBlock }, tokens);
    }

    [Theory]
    [InlineData(0.3, 0)]
    [InlineData(0.45, 0)]
    [InlineData(0.45, 2)]
    [InlineData(0, 2)]
    [InlineData(0.3, 3)]
    public void Stopping_a_draft_early_and_holding_back_a_short_one_do_not_change_the_law(double minProbability, int minLength)
    {
        foreach (var settings in NamedSettings.Values)
            foreach (var byBlock in new[] { false, true })
                AssertLossless(Trial(4) with { Settings = settings, MinProbability = minProbability, MinLength = minLength, ByBlock = byBlock });
    }

    [Fact]
    public void Lengths_that_change_from_step_to_step_do_not_change_the_law()
    {
        AssertLossless(Trial(4) with { Length = emitted => emitted % 3 }, tokens: 4);
        AssertLossless(Trial(4) with { Length = emitted => emitted % 3, ByBlock = true }, tokens: 4);
    }

    [Theory]
    [InlineData(0.45, 0)]
    [InlineData(0, 0.15)]
    [InlineData(0.4, 0.2)]
    [InlineData(0.4, 0.2, 2)]
    public void A_draft_that_ends_by_how_sure_it_was_so_far_does_not_change_the_law(double leastConfidence, double leastSurvival, int minLength = 0)
    {
        foreach (var settings in NamedSettings.Values)
            foreach (var byBlock in new[] { false, true })
                AssertLossless(Trial(4) with
                {
                    Settings = settings,
                    Stop = new UnsureStop(leastConfidence, leastSurvival),
                    MinLength = minLength,
                    ByBlock = byBlock,
                });
    }

    [Fact]
    public void Accepting_jointly_accepts_more_in_expectation()
    {
        foreach (var length in new[] { 2, 3 })
        {
            var trial = Trial(4) with { Length = _ => length };
            Assert.InRange(MeanAccepted(trial with { ByBlock = true }), MeanAccepted(trial) + 0.01, length);
        }
    }

    [Fact]
    public void An_end_of_text_inside_a_draft_does_not_change_the_law()
    {
        AssertLossless(Trial(4) with { EndOfGeneration = [2] }, tokens: 4);
        AssertLossless(Trial(4) with { EndOfGeneration = [2], Settings = Plain with { MinTokens = 2 } }, tokens: 4);
    }

    [Fact]
    public void A_draft_with_more_tokens_than_the_main_model_never_proposes_one_of_them()
    {
        var trial = new SpeculationTrial(new ToyModel(3, 1), new ToyModel(5, 2) { Forced = new Dictionary<int, float> { [4] = 9 } });
        AssertLossless(trial);
        EnumeratedDecisions.ForEachLeaf(decisions =>
            Assert.All(trial.Step(trial.NewChain([]), decisions, []), decision => Assert.InRange(decision.Token, 0, 2)));
    }

    [Fact]
    public void A_draft_equal_to_the_main_model_is_always_accepted()
    {
        var trial = new SpeculationTrial(new ToyModel(4, 5), new ToyModel(4, 5)) { Settings = NamedSettings["everything"] };
        AssertLossless(trial);
        EnumeratedDecisions.ForEachLeaf(decisions => Assert.Equal(
            [Outcome.Accepted, Outcome.Accepted, Outcome.Accepted, Outcome.Bonus],
            trial.Step(trial.NewChain([]), decisions, []).Select(decision => decision.Outcome)));
    }

    [Fact]
    public void A_draft_with_nothing_in_common_is_never_accepted_and_still_lossless()
    {
        var never = float.NegativeInfinity;
        var trial = new SpeculationTrial(
            new ToyModel(4, 5) { Forced = new Dictionary<int, float> { [0] = never, [1] = never } },
            new ToyModel(4, 6) { Forced = new Dictionary<int, float> { [2] = never, [3] = never } });
        AssertLossless(trial);
        EnumeratedDecisions.ForEachLeaf(decisions =>
            Assert.Equal(Outcome.Corrected, Assert.Single(trial.Step(trial.NewChain([]), decisions, [])).Outcome));
    }

    [Fact]
    public void The_first_draft_token_is_accepted_as_often_as_the_theory_says()
    {
        var trial = Trial(5);
        var (main, draft) = (new TokenDistribution(), new TokenDistribution());
        trial.NewChain([]).Apply(trial.Main.Row(trial.Prompt), main);
        trial.NewChain([]).Apply(trial.Draft.Row(trial.Prompt), draft);
        var accepted = 0.0;
        EnumeratedDecisions.ForEachLeaf(decisions =>
        {
            if (trial.Step(trial.NewChain([]), decisions, [])[0].Outcome == Outcome.Accepted)
                accepted += decisions.Probability;
        });
        Assert.Equal(Enumerable.Range(0, 5).Sum(token => Math.Min(main.Probability(token), draft.Probability(token))), accepted, 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Accepting_always_is_noticed(bool byBlock) =>
        AssertNoticed(Trial(4) with { ByBlock = byBlock, Sabotage = new Sabotage { AlwaysAccepts = true } });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Drawing_from_the_main_law_after_a_refusal_is_noticed(bool byBlock) =>
        AssertNoticed(Trial(4) with { ByBlock = byBlock, Sabotage = new Sabotage { DrawsResidualFromMain = true } });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_q_that_is_not_the_true_one_is_noticed(bool byBlock) =>
        AssertNoticed(Trial(4) with { ByBlock = byBlock, Sabotage = new Sabotage { DraftIsNotDrawnFromItsLaw = true } });

    [Fact]
    public void Forgetting_a_drawn_token_because_it_is_improbable_is_noticed() => AssertNoticed(Trial(4) with
    {
        Length = _ => 1,
        Sabotage = new Sabotage { ForgetsDraft = draft => draft.LawAt(0).Probability(draft.TokenAt(0)) < 0.3 },
    });

    [Fact]
    public void Forgetting_a_draft_because_it_came_out_short_is_noticed() => AssertNoticed(Trial(4) with
    {
        MinProbability = 0.45,
        Sabotage = new Sabotage { ForgetsDraft = draft => draft.Count < 2 },
    });

    private static double MeanAccepted(SpeculationTrial trial)
    {
        var mean = 0.0;
        EnumeratedDecisions.ForEachLeaf(decisions =>
        {
            var accepted = trial.Step(trial.NewChain([]), decisions, []).Count(decision => decision.HasNext);
            mean += decisions.Probability * accepted;
        });
        return mean;
    }

    private static SpeculationTrial Trial(int vocabulary) => new(new ToyModel(vocabulary, 11), new ToyModel(vocabulary, 23));

    private static void AssertLossless(SpeculationTrial trial, int tokens = 3) => Assert.InRange(Distance(trial, tokens), 0, Exact);

    private static void AssertNoticed(SpeculationTrial trial) => Assert.InRange(Distance(trial, 3), Visible, 1);

    private static double Distance(SpeculationTrial trial, int tokens)
    {
        var (main, steps) = (ExactLaw.OfMain(trial, tokens), ExactLaw.OfSteps(trial, tokens));
        Assert.Equal(1, main.Values.Sum(), 1e-12);
        Assert.Equal(1, steps.Values.Sum(), 1e-12);
        return ExactLaw.TotalVariation(main, steps);
    }
}

/// <summary>Ends a draft that is not sure enough, by its distributions alone.</summary>
internal sealed class UnsureStop(double leastConfidence, double leastSurvival) : IDraftStop
{
    private double _survival = 1;

    public bool Admits(int index, double confidence)
    {
        _survival = (index == 0 ? 1 : _survival) * confidence;
        return confidence >= leastConfidence;
    }

    public bool GoesOn(int count) => _survival >= leastSurvival;
}
