using System.Diagnostics;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// What the sampler chain and the verifier cost per row of logits, without any model: the draft's rows are also the main model's, so
/// that every token is accepted and a step decides K + 1 rows; and once with other rows, for the price of a refusal.
/// </summary>
internal static class SamplingBench
{
    private const int DraftLength = 4;
    private const int Passes = 60;

    private static readonly SamplingSettings Uncut = new() { Temperature = 0.8f, TopK = 0, TopP = 1, MinP = 0 };

    private static readonly (string Name, SamplingSettings Settings)[] Chains =
    [
        ("greedy", Uncut with { Temperature = 0 }),
        ("greedy, repetition penalty", Uncut with { Temperature = 0, RepetitionPenalty = 1.1f }),
        ("temperature, top-k, top-p, min-p", new SamplingSettings()),
        ("the same, repetition penalty", new SamplingSettings { RepetitionPenalty = 1.1f }),
        ("temperature", Uncut),
        ("temperature, min-p", Uncut with { MinP = 0.05f }),
        ("temperature, top-p", Uncut with { TopP = 0.95f }),
    ];

    /// <param name="arguments">Sizes of vocabularies; 50,000 and 150,000 when there are none.</param>
    public static Task<int> RunAsync(string[] arguments)
    {
        int[] sizes = arguments.Length == 0 ? [50_000, 150_000] : [.. arguments.Select(int.Parse)];
        Console.WriteLine("best of many, µs per row             vocabulary  spread   draft  verify  refusal");
        foreach (var size in sizes)
            foreach (var spread in new[] { 2.0, 6.0 })
                foreach (var (name, settings) in Chains)
                    Measure(name, settings, size, spread);
        return Task.FromResult(0);
    }

    private static void Measure(string name, SamplingSettings settings, int size, double spread)
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, DraftLength + 2).Select(_ => Row(random, size, spread)).ToArray();
        var chain = new SamplerChain(settings, new ChainVocabulary(size, [], []));
        var decisions = new RandomDecisions(new CounterRandom(1));
        var (draft, verifier) = (new Draft(chain, decisions), new Verifier(chain, decisions));
        var (drafting, verifying, refusing) = (double.MaxValue, double.MaxValue, double.MaxValue);
        for (var pass = 0; pass < Passes; pass++)
        {
            drafting = Math.Min(drafting, Time(() => Propose(draft, rows, DraftLength)) / DraftLength);
            verifying = Math.Min(verifying, Time(() => Verify(verifier, draft, rows)) / (DraftLength + 1));
            Propose(draft, rows, 1);
            var outcome = Outcome.Accepted;
            var time = Time(() => outcome = Verify(verifier, draft, [rows[^1], rows[^1]]));
            if (outcome == Outcome.Corrected)
                refusing = Math.Min(refusing, time);
        }
        Console.WriteLine($"{name,-36} {size,10} {spread,7:F0} {drafting,7:F1} {verifying,7:F1} {refusing,8:F1}");
    }

    private static void Propose(Draft draft, float[][] rows, int length)
    {
        draft.Begin(Origin.Draft, length);
        while (draft.WantsMore)
            draft.Propose(rows[draft.Count]);
        draft.End();
    }

    private static Outcome Verify(Verifier verifier, Draft draft, float[][] rows)
    {
        verifier.Begin(draft);
        var row = 0;
        var decision = verifier.Next(rows[row++]);
        while (decision.HasNext)
            decision = verifier.Next(rows[row++]);
        return decision.Outcome;
    }

    private static double Time(Action action)
    {
        var began = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }

    /// <summary>Normally distributed logits: a spread of 2 is a flat distribution, one of 6 a peaked one.</summary>
    private static float[] Row(Random random, int size, double spread) =>
        [.. Enumerable.Range(0, size).Select(_ => (float)(spread * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
