using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// Reference pairs with fixed draft lengths against plain decoding, in turns in one process. Tokens per second of the worker's own loop
/// (generation only), medians over prompts and rounds.
/// </summary>
internal static class DraftBench
{
    private const uint Tokens = 256;
    private const int Rounds = 5;

    /// <summary>Of the kinds that the Storyteller models know; answers end by themselves, where the model knows what to say.</summary>
    private static readonly string[] Prompts =
    [
        "Write quicksort in Python. Code only.", "Tell me a story about a fox.", "Plan a one day trip to Washington, DC.",
        "Can you explain the Pythagorean theorem?", "List the numbers from 16 to 39.", "How do I write bubble sort in JavaScript? Code only.",
    ];

    /// <param name="arguments">Types of the widened main (F32, Q8_0, …) or <c>smol</c>; F32 and Q8_0 when there are none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        foreach (var name in arguments.Length == 0 ? ["F32", "Q8_0"] : arguments)
        {
            var pair = name == "smol" ? await ReferencePairs.SmolAsync() : await ReferencePairs.WidenedAsync(name);
            foreach (var temperature in new[] { 0f, 0.8f })
                await MeasureAsync(pair, temperature);
        }

        return 0;
    }

    private static async Task MeasureAsync(ReferencePair pair, float temperature)
    {
        uint[] lengths = [0, 3, 4, 7];
        await using var engine = BenchEngine.Load(pair.Main);
        await engine.AttachAsync(pair.Draft);
        var rates = lengths.ToDictionary(length => length, _ => new Series());
        var accepted = lengths.ToDictionary(length => length, _ => new Series());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var length in lengths)
            {
                var ends = new List<Finished>();
                foreach (var prompt in Prompts)
                    ends.Add(await engine.AskAsync(BenchEngine.Ask(prompt, Tokens, length, temperature, (ulong)round + 1)));
                rates[length].Add(ends.Sum(end => (double)end.EmittedTokens) / ends.Sum(end => end.GenerationSeconds));
                accepted[length].Add(Acceptance(ends));
            }
        }

        foreach (var length in lengths)
        {
            var (low, high) = rates[length].Spread;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pair.Name,-12} temperature {temperature,3}  draft {length}  {rates[length].Median,8:F1} tok/s ({low:F0} to {high:F0})  {rates[length].Median / rates[0].Median,5:F2}x  accepted {accepted[length].Median,5:P0}"));
        }
    }

    private static double Acceptance(IReadOnlyList<Finished> ends)
    {
        var drafted = ends.Sum(end => (double)(end.Speculation?.Drafted ?? 0));
        return drafted > 0 ? ends.Sum(end => (double)end.Speculation.Accepted) / drafted : 0;
    }
}
