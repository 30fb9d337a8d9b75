using System.Text;
using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

/// <summary>The sampler chain written plainly: double precision, full sorts, one list per stage.</summary>
internal static class ReferenceChain
{
    /// <summary>Tokens are spelled as numbers; 7 and what contains it breaks DRY's repetitions.</summary>
    public static ReadOnlyMemory<byte> PieceOf(int token) => Pieces[token % Pieces.Length];

    private static readonly ReadOnlyMemory<byte>[] Pieces =
        [.. Enumerable.Range(0, 5000).Select(token => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes($"{token}".Replace("7", ":", StringComparison.Ordinal)))];

    public static double[] Apply(
        SamplingSettings settings, IReadOnlyList<float> row, IReadOnlyList<int> history, IReadOnlyList<int> banned, double chance = 1)
    {
        var logits = row.Select(logit => (double)logit).ToArray();
        foreach (var bias in settings.LogitBias)
            logits[bias.Token] += bias.Bias;
        foreach (var token in banned)
            logits[token] = double.NegativeInfinity;
        Penalise(settings, logits, history);
        if (settings.HasDry)
            PenaliseRepetition(settings, logits, [.. history]);

        var left = Enumerable.Range(0, logits.Length).Where(token => !double.IsNegativeInfinity(logits[token]))
            .OrderByDescending(token => logits[token]).ThenBy(token => token).ToList();
        if (settings.IsGreedy)
            return Normalise(logits, [.. left.Take(1)], 1);
        if (settings.TopK > 0)
            left = [.. left.Take(settings.TopK)];
        if (settings.TypicalP < 1)
            left = Typical(Normalise(logits, left, 1), left, settings.TypicalP);
        if (settings.TopP < 1)
            left = Until(Normalise(logits, left, 1), left, reached => reached >= settings.TopP);
        if (settings.MinP > 0)
            left = [.. left.Where(token => logits[token] >= logits[left[0]] + Math.Log(settings.MinP))];
        if (chance < settings.XtcProbability && settings.XtcThreshold <= 0.5)
        {
            var probabilities = Normalise(logits, left, 1);
            left = [.. left.Skip(Math.Max(0, left.Count(token => probabilities[token] >= settings.XtcThreshold) - 1))];
        }
        return Normalise(logits, left, Temperature(settings, logits, left));
    }

    private static double Temperature(SamplingSettings settings, double[] logits, List<int> left)
    {
        if (settings.DynamicTemperatureRange == 0)
            return settings.Temperature;
        var lowest = Math.Max(0, settings.Temperature - settings.DynamicTemperatureRange);
        var highest = settings.Temperature + settings.DynamicTemperatureRange;
        var entropy = -Normalise(logits, left, 1).Where(share => share > 0).Sum(share => share * Math.Log(share));
        var relative = left.Count < 2 ? 0 : entropy / Math.Log(left.Count);
        return Math.Max(lowest + ((highest - lowest) * Math.Pow(relative, settings.DynamicTemperatureExponent)), 1e-30);
    }

    /// <summary>For every token that has followed earlier text: how many tokens before it equal the last ones, breakers apart.</summary>
    private static void PenaliseRepetition(SamplingSettings settings, double[] logits, List<int> history)
    {
        var seen = settings.DryWindow < 0 ? history : [.. history.TakeLast(settings.DryWindow)];
        bool Breaks(int token) => PieceOf(token).Span.Contains((byte)':');
        var limit = Enumerable.Reverse(history).TakeWhile(token => !Breaks(token)).Count();
        var longest = new Dictionary<int, int>();
        for (var next = 1; next < seen.Count; next++)
        {
            var length = 0;
            while (length < next && length < limit && seen[next - 1 - length] == seen[^(length + 1)])
                length++;
            if (length >= Math.Max(settings.DryAllowedLength, 1) && !Breaks(seen[next]))
                longest[seen[next]] = Math.Max(length, longest.GetValueOrDefault(seen[next]));
        }
        foreach (var (token, length) in longest)
            logits[token] -= settings.DryMultiplier * Math.Pow(settings.DryBase, length - settings.DryAllowedLength);
    }

    private static void Penalise(SamplingSettings settings, double[] logits, IReadOnlyList<int> history)
    {
        if (!settings.HasPenalties)
            return;
        var window = settings.PenaltyWindow < 0 ? history : history.TakeLast(settings.PenaltyWindow);
        foreach (var group in window.GroupBy(token => token))
        {
            ref var logit = ref logits[group.Key];
            logit = logit > 0 ? logit / settings.RepetitionPenalty : logit * settings.RepetitionPenalty;
            logit -= (group.Count() * settings.FrequencyPenalty) + settings.PresencePenalty;
        }
    }

    private static List<int> Typical(double[] probabilities, List<int> left, double share)
    {
        var entropy = -left.Sum(token => probabilities[token] * Math.Log(probabilities[token]));
        var nearest = left.OrderBy(token => Math.Abs(-Math.Log(probabilities[token]) - entropy)).ToList();
        var kept = Until(probabilities, nearest, reached => reached > share).ToHashSet();
        return [.. left.Where(kept.Contains)];
    }

    private static List<int> Until(double[] probabilities, List<int> tokens, Func<double, bool> enough)
    {
        var reached = 0.0;
        for (var index = 0; index < tokens.Count; index++)
            if (enough(reached += probabilities[tokens[index]]))
                return [.. tokens.Take(index + 1)];
        return tokens;
    }

    private static double[] Normalise(double[] logits, List<int> left, double temperature)
    {
        var result = new double[logits.Length];
        var maximum = left.Max(token => logits[token]);
        foreach (var token in left)
            result[token] = Math.Exp((logits[token] - maximum) / temperature);
        var sum = result.Sum();
        return [.. result.Select(weight => weight / sum)];
    }
}
