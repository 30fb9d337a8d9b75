using System.Diagnostics;
using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// Several requests at once in the worker's loop: four against one in turns, plain and with two of them drafting; the first token of a new
/// request while three generate; cancellation; what a token allocates.
/// </summary>
internal static class WorkerBench
{
    private const int Parallel = 4;
    private const uint Tokens = 96;

    private static readonly string[] Questions =
    [
        "Write quicksort in Python. Code only.", "Tell me a story about a fox.", "Plan a one day trip to Washington, DC.", "Can you explain the Pythagorean theorem?",
    ];

    private const string RatesOnly = "rates";

    /// <param name="arguments">
    /// F32, Q8_0 or another type of the widened main, <c>smol</c> for SmolLM2 Q4_1; F32 when there are none. <c>rates</c>: the first part only.
    /// </param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var names = arguments.Where(name => name != RatesOnly).ToList();
        foreach (var name in names is [] ? ["F32"] : names)
        {
            var pair = name == "smol"
                ? new ReferencePair("SmolLM2 Q4_1", Path.Combine(ReferencePairs.Shared(), "models", "SmolLM2-135M-Instruct.Q4_1.gguf"), (await ReferencePairs.SmolAsync()).Draft)
                : await ReferencePairs.WidenedAsync(name);
            await using var engine = BenchEngine.Load(pair.Main, Parallel, contextLength: 2048);
            await engine.AttachAsync(pair.Draft);
            Console.WriteLine(pair.Name);
            await CompareAsync(engine);
            if (names.Count < arguments.Length)
                continue;
            await MeasureFirstTokenAsync(engine);
            await MeasureCancellationAsync(engine);
            await MeasureAllocationAsync(engine);
        }
        return 0;
    }

    private static async Task CompareAsync(BenchEngine engine)
    {
        var (one, four, drafting) = (new Rates(), new Rates(), new Rates());
        for (var round = 0; round < 4; round++)
        {
            await one.AddAsync(engine, [Ask(round, 0)]);
            await four.AddAsync(engine, [.. Enumerable.Range(0, Parallel).Select(index => Ask(index, 0))]);
            await drafting.AddAsync(engine, [.. Enumerable.Range(0, Parallel).Select(index => Ask(index, index % 2 == 0 ? 3u : 0))]);
        }
        Print($"  one plain request {one.Whole.Median:F1} tok/s; four {four.Whole.Median:F1}, {four.Whole.Median / one.Whole.Median:F2}x; two of the four drafting {drafting.Whole.Median:F1}, {drafting.Whole.Median / one.Whole.Median:F2}x");
        Print($"  without their prompts {one.Decoding.Median:F1} tok/s; four {four.Decoding.Median:F1}, {four.Decoding.Median / one.Decoding.Median:F2}x; two of the four drafting {drafting.Decoding.Median:F1}, {drafting.Decoding.Median / one.Decoding.Median:F2}x");
        var costs = engine.Engine.Loop.Costs.Curve().Points.Select(point => FormattableString.Invariant($"{point.BatchTokens}: {point.Seconds * 1000:F0}"));
        Print($"  passes by rows, ms: {string.Join(", ", costs)}; a row of a prompt {engine.Engine.Loop.Costs.PromptRow * 1000:F1}");
    }

    /// <summary>A prompt of some hundred tokens that comes while three answers are written.</summary>
    private static async Task MeasureFirstTokenAsync(BenchEngine engine)
    {
        var (first, alone, chunk, gaps) = (new Series(), new Series(), new Series(), new Series());
        for (var round = 0; round < 3; round++)
        {
            var running = Enumerable.Range(0, 3).Select(index => engine.Start(Ask(index, 0, tokens: 400))).ToList();
            var reading = running.Select(LongestGapAsync).ToList();
            await Task.Delay(TimeSpan.FromSeconds(1));
            first.Add(await FirstTokenAsync(engine, Long(round)));
            // What the pass of a chunk beside three decode rows takes, by the loop's own measure.
            chunk.Add(Math.Max(PromptShares.SharedPassSeconds, engine.Engine.Loop.Costs.PromptRow * PromptTokens(engine, Long(round))));
            foreach (var gap in await Task.WhenAll(reading))
                gaps.Add(gap);
            alone.Add(await FirstTokenAsync(engine, Long(round)));
        }
        var tokens = PromptTokens(engine, Long(0));
        Print($"  first token of a prompt of {tokens} while three generate {first.Median * 1000:F0} ms ({first.Spread.Low * 1000:F0} to {first.Spread.High * 1000:F0}); alone {alone.Median * 1000:F0} ms; the others paused for {gaps.Spread.High * 1000:F0} ms at most");
        var (shortFirst, rounds) = (new Series(), 3);
        for (var round = 0; round < rounds; round++)
        {
            var running = Enumerable.Range(0, 3).Select(index => LongestGapAsync(engine.Start(Ask(index, 0, tokens: 100)))).ToList();
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            shortFirst.Add(await FirstTokenAsync(engine, Ask(3, 0, tokens: 1)));
            await Task.WhenAll(running);
        }
        Print($"  first token of a short prompt while three generate {shortFirst.Median * 1000:F0} ms ({shortFirst.Spread.Low * 1000:F0} to {shortFirst.Spread.High * 1000:F0}); a chunk is kept to {PromptShares.SharedPassSeconds * 1000:F0} ms");
    }

    private static async Task MeasureCancellationAsync(BenchEngine engine)
    {
        var (prompt, decode) = (new Series(), new Series());
        for (var round = 0; round < 5; round++)
        {
            prompt.Add(await CancelAsync(engine, Long(round), TimeSpan.FromMilliseconds(40)));
            decode.Add(await CancelAsync(engine, Ask(round % 4, 3, tokens: 1000), TimeSpan.FromMilliseconds(700)));
        }
        Print($"  cancelled in its prompt: slot free after {prompt.Spread.High * 1000:F0} ms at most; while decoding with a draft {decode.Spread.High * 1000:F0} ms");
    }

    private static async Task<double> CancelAsync(BenchEngine engine, GenerateRequest request, TimeSpan after)
    {
        using var cancel = new CancellationTokenSource();
        var generation = Generation.Create(engine.Engine, request, TimeProvider.System.GetTimestamp(), cancel.Token);
        engine.Engine.Loop.Start(generation);
        await Task.Delay(after);
        var began = Stopwatch.GetTimestamp();
        await cancel.CancelAsync();
        engine.Engine.Loop.Wake();
        await foreach (var _ in generation.Output.ReadAllAsync())
        {
            // To its end.
        }
        while (engine.Engine.Loop.Snapshot().Slots.Any(slot => slot.Phase != Tandem.Protocol.Slot.Types.Phase.Idle))
            await Task.Yield();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>
    /// The steady state: what 200 tokens more allocate, so that what a request allocates once does not count; and how much of it the
    /// messages themselves are, which the call reads on another thread.
    /// </summary>
    private static async Task MeasureAllocationAsync(BenchEngine engine)
    {
        foreach (var length in (uint[])[0, 3])
        {
            var (shorter, fewer) = await AllocateAsync(engine, length, tokens: 200);
            var (longer, more) = await AllocateAsync(engine, length, tokens: 400);
            var each = (longer - shorter) / (double)(more.EmittedTokens - fewer.EmittedTokens);
            var perMessage = length == 0 ? 1 : more.EmittedTokens / (double)more.Speculation.MainPasses;
            Print($"  {(length == 0 ? "plain" : "drafting"),-8} {each:F0} bytes allocated per token, {MessageBytes(perMessage):F0} of them its message");
        }
    }

    private static async Task<(long Bytes, Finished End)> AllocateAsync(BenchEngine engine, uint length, uint tokens)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var end = await engine.AskAsync(Ask(1, length, tokens));
        return (GC.GetTotalAllocatedBytes(precise: true) - before, end);
    }

    /// <summary>Bytes per token of a message with so many tokens, made as the worker makes it.</summary>
    private static double MessageBytes(double tokens)
    {
        const int Messages = 1000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        var made = 0;
        for (var message = 1; message <= Messages; message++)
        {
            var step = new DecodeStep();
            for (; made < message * tokens; made++)
                step.Tokens.Add(new Token { Id = made });
            GC.KeepAlive(new GenerateResponse { Step = step });
        }
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)made;
    }

    /// <summary>Tokens per second of requests that are asked together.</summary>
    private sealed class Rates
    {
        /// <summary>All tokens by the time from the first request's admission to the last one's end.</summary>
        public Series Whole { get; } = new();

        /// <summary>Tokens behind each one's first, by the longest time of generation.</summary>
        public Series Decoding { get; } = new();

        public async Task AddAsync(BenchEngine engine, IReadOnlyList<GenerateRequest> requests)
        {
            var began = Stopwatch.GetTimestamp();
            var ends = await Task.WhenAll(requests.Select(engine.AskAsync));
            Whole.Add(ends.Sum(end => end.EmittedTokens) / Stopwatch.GetElapsedTime(began).TotalSeconds);
            Decoding.Add(ends.Sum(end => end.EmittedTokens - 1) / ends.Max(end => end.GenerationSeconds));
        }
    }

    private static async Task<double> FirstTokenAsync(BenchEngine engine, GenerateRequest request)
    {
        var began = Stopwatch.GetTimestamp();
        var seconds = 0.0;
        await foreach (var message in engine.Start(request).Output.ReadAllAsync())
        {
            if (message.Step is not null && seconds == 0)
                seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        return seconds;
    }

    private static async Task<double> LongestGapAsync(Generation generation)
    {
        var (last, longest) = (0L, 0.0);
        await foreach (var message in generation.Output.ReadAllAsync())
        {
            if (message.Step is null)
                continue;
            var now = Stopwatch.GetTimestamp();
            if (last != 0)
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(last, now).TotalSeconds);
            last = now;
        }
        return longest;
    }

    private static GenerateRequest Ask(int question, uint length, uint tokens = Tokens)
    {
        var request = BenchEngine.Ask(Questions[question % Questions.Length], tokens, length);
        request.Sampling.IgnoreEos = true;
        return request;
    }

    private static GenerateRequest Long(int round)
    {
        var request = BenchEngine.Ask(string.Join(" ", Enumerable.Repeat($"The fox went home {round} times.", 35)), tokens: 2);
        request.Sampling.IgnoreEos = true;
        return request;
    }

    private static int PromptTokens(BenchEngine engine, GenerateRequest request) => engine.Engine.Tokenizer.Tokenize(request.Prompt).Count;

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
