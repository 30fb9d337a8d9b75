using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

/// <summary>Laws of the first tokens of an answer, computed exactly: every sequence with its probability.</summary>
internal static class ExactLaw
{
    /// <summary>The main model's own law, token by token through the chain.</summary>
    public static Dictionary<string, double> OfMain(SpeculationTrial trial, int tokens)
    {
        Dictionary<string, double> law = [];
        Extend([], 1);
        return law;

        void Extend(List<int> answer, double probability)
        {
            if (Ended(trial, answer, tokens))
            {
                Add(law, answer, probability);
                return;
            }
            var main = new TokenDistribution();
            trial.NewChain(answer).Apply(trial.Main.Row([.. trial.Prompt, .. answer]), main);
            for (var index = 0; index < main.Count; index++)
                if (main.ProbabilityAt(index) > 0)
                    Extend([.. answer, main.TokenAt(index)], probability * main.ProbabilityAt(index));
        }
    }

    /// <summary>The law of speculative steps: every outcome of every step, composed.</summary>
    public static Dictionary<string, double> OfSteps(SpeculationTrial trial, int tokens)
    {
        Dictionary<string, double> law = [];
        Extend([], 1);
        return law;

        void Extend(List<int> answer, double probability)
        {
            if (Ended(trial, answer, tokens))
            {
                Add(law, answer, probability);
                return;
            }
            foreach (var (step, chance) in StepsAfter(trial, answer, tokens - answer.Count))
                Extend([.. answer, .. step], probability * chance);
        }
    }

    /// <summary>Half the sum of differences: the most by which the two laws can disagree about any event.</summary>
    public static double TotalVariation(Dictionary<string, double> first, Dictionary<string, double> second) =>
        0.5 * first.Keys.Union(second.Keys).Sum(key => Math.Abs(first.GetValueOrDefault(key) - second.GetValueOrDefault(key)));

    public static string Key(IEnumerable<int> tokens) => string.Join(',', tokens);

    private static bool Ended(SpeculationTrial trial, List<int> answer, int tokens) =>
        answer.Count == tokens || (answer.Count > 0 && trial.EndOfGeneration.Contains(answer[^1]));

    /// <summary>All outcomes of one step, each cut to the tokens that are looked at.</summary>
    private static List<(int[] Tokens, double Probability)> StepsAfter(SpeculationTrial trial, List<int> answer, int wanted)
    {
        Dictionary<string, (int[] Tokens, double Probability)> outcomes = [];
        EnumeratedDecisions.ForEachLeaf(decisions =>
        {
            var chain = trial.NewChain(answer);
            var decided = trial.Step(chain, decisions, answer).Select(decision => decision.Token).ToArray();
            AssertHistory(trial, chain, [.. answer, .. decided]);
            int[] tokens = [.. decided.Take(wanted)];
            var seen = outcomes.GetValueOrDefault(Key(tokens)).Probability;
            outcomes[Key(tokens)] = (tokens, seen + decisions.Probability);
        });
        return [.. outcomes.Values];
    }

    /// <summary>A step leaves the chain as if only the decided tokens had ever been accepted.</summary>
    private static void AssertHistory(SpeculationTrial trial, SamplerChain chain, List<int> answer)
    {
        var row = trial.Main.Row([.. trial.Prompt, .. answer]);
        var (after, fresh) = (new TokenDistribution(), new TokenDistribution());
        chain.Apply(row, after);
        trial.NewChain(answer).Apply(row, fresh);
        Assert.Equal(answer.Count, chain.Position);
        for (var token = 0; token < trial.Main.VocabularySize; token++)
            Assert.Equal(fresh.Probability(token), after.Probability(token));
    }

    private static void Add(Dictionary<string, double> law, List<int> answer, double probability)
    {
        var key = Key(answer);
        law[key] = law.GetValueOrDefault(key) + probability;
    }
}
