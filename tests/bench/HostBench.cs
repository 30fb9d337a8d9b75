using System.Diagnostics;
using System.Globalization;
using Tandem.Bench.Reference;

namespace Tandem.Bench;

/// <summary>
/// What the supervisor costs: the built <c>tandem serve</c> and an HTTP client against the worker's own loop in this process, in turns;
/// its start, and its memory when idle.
/// </summary>
internal static class HostBench
{
    private const int Rounds = 7;
    private const int WarmUps = 2;
    private const int FirstTokenRounds = 60;
    private const int RateRounds = 24;
    private const uint Tokens = 64;
    private const string EmbeddedKey = "tandem/storyteller";
    private const string Key = "reference/smollm2-135m-f32";
    private const string Question = "Write a long story about a lighthouse keeper.";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var pair = await ReferencePairs.SmolAsync();
        var (ready, memory) = (new Series(), new Series());
        for (var round = 0; round < Rounds; round++)
        {
            await using var idle = await ServedHost.StartAsync(ReferencePairs.Folder);
            ready.Add(idle.ReadySeconds * 1000);
            await idle.ModelsAsync();
            memory.Add(idle.PrivateMegabytes());
        }

        Print($"host: process start to /health          {ready.Median,8:F0} ms ({ready.Spread.Low:F0} to {ready.Spread.High:F0})");
        Print($"host: private memory, idle (RssAnon)    {memory.Median,8:F1} MB ({memory.Spread.Low:F1} to {memory.Spread.High:F1})");
        await using var host = await ServedHost.StartAsync(ReferencePairs.Folder);
        // A small model, whose own time to the first token is small and steady, shows what is added to it.
        await using (var small = BenchEngine.Load(ReferencePairs.EmbeddedMain))
        {
            var (own, whole) = await CompareAsync(host, small, EmbeddedKey, FirstTokenRounds, 2, pace => pace.FirstMs);
            Print($"Storyteller, first token: worker's loop {own.Median:F2} ms, through the host {whole.Median:F2} ms; difference {whole.Median - own.Median:F2} ms");
        }

        await using (var worker = BenchEngine.Load(pair.Main))
        {
            var (own, whole) = await CompareAsync(host, worker, Key, RateRounds, Tokens, pace => pace.Rate);
            Print($"SmolLM2 F32, worker's loop     {own.Median:F1} tok/s ({own.Spread.Low:F1} to {own.Spread.High:F1})");
            Print($"SmolLM2 F32, through the host  {whole.Median:F1} tok/s ({whole.Spread.Low:F1} to {whole.Spread.High:F1})");
            Print($"ratio of the medians {whole.Median / own.Median:F3}, of the fastest {whole.Spread.High / own.Spread.High:F3}");
        }

        return 0;
    }

    /// <summary>The same questions to both in turns, each first in every other round, so that neither gains by the order.</summary>
    private static async Task<(Series Own, Series Whole)> CompareAsync(
        ServedHost host, BenchEngine worker, string key, int rounds, uint tokens, Func<(double FirstMs, double Rate), double> figure)
    {
        var (own, whole) = (new Series(), new Series());
        for (var round = -WarmUps; round < rounds; round++)
        {
            // A word of its own in front: neither side may find the prompt in its cache.
            var question = $"{round}. {Question}";
            for (var turn = 0; turn < 2; turn++)
            {
                var pace = (round + turn) % 2 == 0 ? await OwnAsync(worker, question, tokens) : await host.AskAsync(key, question, tokens);
                if (round >= 0)
                    ((round + turn) % 2 == 0 ? own : whole).Add(figure(pace));
            }
        }

        return (own, whole);
    }

    private static async Task<(double FirstMs, double Rate)> OwnAsync(BenchEngine worker, string question, uint tokens)
    {
        var request = BenchEngine.Ask(question, tokens);
        var began = Stopwatch.GetTimestamp();
        var pace = new Pace();
        await foreach (var message in worker.Start(request).Output.ReadAllAsync())
            pace.Add(message.Step?.Tokens.Count ?? 0);
        return pace.Since(began);
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

/// <summary>When the first and the last token of an answer came.</summary>
internal sealed class Pace
{
    private long _first;
    private long _last;
    private int _tokens;

    public void Add(int tokens)
    {
        if (tokens == 0)
            return;
        _last = Stopwatch.GetTimestamp();
        if (_tokens == 0)
            _first = _last;
        _tokens += tokens;
    }

    /// <summary>Milliseconds from a moment to the first token; tokens per second behind it.</summary>
    public (double FirstMs, double Rate) Since(long began) =>
        (Stopwatch.GetElapsedTime(began, _first).TotalMilliseconds, (_tokens - 1) / Stopwatch.GetElapsedTime(_first, _last).TotalSeconds);
}
