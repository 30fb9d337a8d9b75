using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>A hundred draft swaps in one process, ten and more within each answer of a reference main.</summary>
internal static class SwapBench
{
    private const int Swaps = 100;
    private const uint Tokens = 500;
    private const int TokensBetween = 40;

    /// <param name="arguments">Type of the widened main; Q8_0 when there is none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var pair = await ReferencePairs.WidenedAsync(arguments.Length == 0 ? "Q8_0" : arguments[0]);
        await using var engine = BenchEngine.Load(pair.Main);
        await engine.AttachAsync(pair.Draft);
        var loop = engine.Engine.Loop;
        var request = BenchEngine.Ask("Tell me a story about a fox.", Tokens, length: 3);
        request.Sampling.IgnoreEos = true;
        request.ClearCachePrompt();
        var expected = await ReadAsync(engine, request, _ => Task.CompletedTask);
        var privateBefore = Tandem.Engine.LlamaCpp.Service.MemoryFigures.ResidentPrivate();
        var (swaps, answers, equal) = (0, 0, 0);
        while (swaps < Swaps)
        {
            var processed = loop.Counters.PromptProcessed;
            var (inAnswer, next) = (0, TokensBetween);
            var ids = await ReadAsync(engine, request, async count =>
            {
                if (count < next)
                    return;
                next += TokensBetween;
                swaps++;
                inAnswer++;
                await engine.AttachAsync(pair.Draft);
            });
            answers++;
            var same = 0;
            while (same < ids.Count && same < expected.Count && ids[same] == expected[same])
                same++;
            equal += same == expected.Count ? 1 : 0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"answer {answers}: {ids.Count} tokens, {inAnswer} swaps, equal to the first answer up to token {same}, prompt tokens of the main worked out again {loop.Counters.PromptProcessed - processed}"));
        }
        var privateAfter = Tandem.Engine.LlamaCpp.Service.MemoryFigures.ResidentPrivate();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{swaps} swaps in {answers} answers, {equal} equal throughout; process {Environment.ProcessId}; private memory {privateBefore >> 20} MiB before, {privateAfter >> 20} MiB after; revision {loop.Draft?.Revision}"));
        return 0;
    }

    private static async Task<List<int>> ReadAsync(BenchEngine engine, GenerateRequest request, Func<int, Task> onTokens)
    {
        var ids = new List<int>();
        await foreach (var message in engine.Start(request).Output.ReadAllAsync())
        {
            if (message.Step is not { } step)
                continue;
            ids.AddRange(step.Tokens.Select(token => token.Id));
            await onTokens(ids.Count);
        }
        return ids;
    }
}
