using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

/// <summary>
/// The same promise with the random numbers of a worker: 20,000 sampled answers against the exact law, at positions and jointly.
/// Unlike the enumeration this sees whether numbers keyed by position are independent enough when drafts are repeated.
/// </summary>
public sealed class SampledLawTests
{
    private const int Answers = 20_000;
    private const int Tokens = 5;
    private const double Significance = 1e-4;

    private static SpeculationTrial Trial => new(new ToyModel(5, 31), new ToyModel(5, 47)) { Length = _ => 2 };

    [Fact]
    public void Sampled_answers_follow_the_main_models_law()
    {
        AssertFollows(Trial);
        AssertFollows(Trial with { Length = emitted => (emitted + 1) % 4, MinProbability = 0.35 });
        AssertFollows(Trial with { Length = _ => 3, MinProbability = 0.4, MinLength = 2 });
        AssertFollows(Trial with { Length = _ => 3, ByBlock = true });
        AssertFollows(Trial with { Length = emitted => (emitted + 1) % 4, Stop = new UnsureStop(0.3, 0.2), ByBlock = true });
        AssertFollows(Trial with
        {
            WithMask = true,
            Settings = SpeculationTrial.Plain with { Temperature = 0.8f, TopK = 4, TopP = 0.9f, PresencePenalty = 0.5f },
        });
    }

    [Fact]
    public void Answers_without_a_draft_follow_it_too() => AssertFollows(Trial with { Length = _ => 0 });

    [Fact]
    public void Accepting_always_is_noticed() => AssertNoticed(new Sabotage { AlwaysAccepts = true });

    [Fact]
    public void Drawing_from_the_main_law_after_a_refusal_is_noticed() => AssertNoticed(new Sabotage { DrawsResidualFromMain = true });

    [Fact]
    public void A_q_that_is_not_the_true_one_is_noticed() => AssertNoticed(new Sabotage { DraftIsNotDrawnFromItsLaw = true });

    [Fact]
    public void Drafting_a_position_again_with_the_same_number_is_noticed_when_tokens_are_accepted_jointly() =>
        AssertNoticed(Trial with { Length = _ => 3, ByBlock = true, Sabotage = new Sabotage { RepeatsNumbers = true } });

    [Fact]
    public void The_same_seed_gives_the_same_answer()
    {
        foreach (var seed in new ulong[] { 1, 2, ulong.MaxValue })
            Assert.Equal(Sample(Trial, seed), Sample(Trial, seed));
        Assert.NotEqual(1, Enumerable.Range(0, 20).Select(seed => ExactLaw.Key(Sample(Trial, (ulong)seed))).Distinct().Count());
    }

    private static void AssertFollows(SpeculationTrial trial) =>
        Assert.All(Significances(trial), value => Assert.InRange(value, Significance, 1));

    private static void AssertNoticed(Sabotage sabotage) => AssertNoticed(Trial with { Sabotage = sabotage });

    private static void AssertNoticed(SpeculationTrial trial) =>
        Assert.Contains(Significances(trial), value => value < Significance);

    /// <summary>Positions 1, 2, K, K + 1 and after, and the joint law of three tokens.</summary>
    private static List<double> Significances(SpeculationTrial trial)
    {
        var law = ExactLaw.OfMain(trial, Tokens);
        var answers = Enumerable.Range(0, Answers).Select(seed => Sample(trial, (ulong)seed)).ToList();
        List<double> values = [.. Enumerable.Range(0, Tokens).Select(position => Compare(position..(position + 1)))];
        values.Add(Compare(0..3));
        values.Add(Compare(1..4));
        return values;

        double Compare(Range range)
        {
            Dictionary<string, (double Probability, double Count)> cells = [];
            foreach (var (key, probability) in law)
                Add(ExactLaw.Key(key.Split(',').Select(int.Parse).Take(range)), probability, 0);
            foreach (var answer in answers)
                Add(ExactLaw.Key(answer.Take(range)), 0, 1);
            return ChiSquare.Significance([.. cells.Values.Select(cell => cell.Count)], [.. cells.Values.Select(cell => cell.Probability)]);

            void Add(string key, double probability, double count)
            {
                var cell = cells.GetValueOrDefault(key);
                cells[key] = (cell.Probability + probability, cell.Count + count);
            }
        }
    }

    private static List<int> Sample(SpeculationTrial trial, ulong seed)
    {
        var chain = trial.NewChain([]);
        var decisions = new RandomDecisions(new CounterRandom(seed));
        List<int> answer = [];
        while (answer.Count < Tokens)
            answer.AddRange(trial.Step(chain, decisions, answer).Select(decision => decision.Token));
        return [.. answer.Take(Tokens)];
    }
}
