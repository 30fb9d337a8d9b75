using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// What speculation as users get it is worth: lengths and proposers chosen by the worker against plain decoding, in turns in one process.
/// Tokens per second of the worker's own loop (generation only); medians over rounds, with the smallest and the largest.
/// </summary>
internal static class SpeculationBench
{
    private const uint Tokens = 256;

    /// <summary>Of the kinds that the Storyteller models know; answers end by themselves, where the model knows what to say.</summary>
    internal static readonly string[] Prompts =
    [
        "Write quicksort in Python. Code only.", "Tell me a story about a fox.", "Plan a one day trip to Washington, DC.",
        "Can you explain the Pythagorean theorem?", "List the numbers from 16 to 39.", "How do I write bubble sort in JavaScript? Code only.",
    ];

    internal static readonly string[] Copies =
    [
        "Copy this: wolf Sara lemon sleepy Tom blue clever kind Emma Max Yuki Tom purple lemon peach green banana plum apple mouse",
        "Repeat this text: orange river quiet red orange Yuki horse forest clever plum old castle tiny whale Emma garden banana black",
        "Copy this: red black cat white tiny owl harbour red island castle Zoe melon sleepy fox village apple Sam peach meadow blue",
    ];

    private const string Report =
        "The harbour office opens at seven in the morning and closes at nine in the evening. Boats that arrive later tie up at the outer wall and "
        + "report the next day. Every boat pays for the nights it stays, the water it takes and the waste it leaves. The fee for a night is twelve "
        + "coins for a small boat and twenty coins for a large one. Children under ten must wear a vest on the pier.";

    /// <summary>Longer than the Storyteller models can copy.</summary>
    private static readonly string[] LongCopies =
    [
        $"Repeat the following text word for word, twice:\n\n{Report}", $"Correct the spelling of this text and print all of it again:\n\n{Report.Replace("harbour", "harbuor", StringComparison.Ordinal)}",
    ];

    private static readonly string[] Random =
    [
        "qv 7h zr0 kd%% lemon 93 whale@@ nub t4 (oo] 5512 rrx Zoe", "88 a 1 c {z} ... um~ pj 31 horse / blue x9x9 &&& 0 q",
    ];

    /// <param name="arguments">Cells: <c>F32</c>, <c>Q8_0</c>, <c>smol</c>, <c>copy</c>, <c>copy:Q8_0</c>, <c>copy:smol</c>, <c>hostile</c>; <c>rounds=N</c>; and
    /// <c>fixed=4,7</c>: drafts of these lengths as well, for the cells of the reference pairs.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Option(arguments, "rounds=") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 5;
        uint[] lengths = Option(arguments, "fixed=") is { } list ? [.. list.Split(',').Select(length => uint.Parse(length, CultureInfo.InvariantCulture))] : [];
        var cells = arguments.Where(argument => !argument.Contains('=', StringComparison.Ordinal)).ToArray();
        foreach (var cell in cells.Length == 0 ? ["F32", "Q8_0", "smol", "copy", "hostile"] : cells)
            await MeasureAsync(cell, rounds, lengths);
        return 0;
    }

    private static string? Option(string[] arguments, string name) =>
        arguments.FirstOrDefault(argument => argument.StartsWith(name, StringComparison.Ordinal))?[name.Length..];

    private static async Task MeasureAsync(string cell, int rounds, uint[] lengths)
    {
        var plain = new Way(Proposer.None);
        var draft = new Way(Proposer.Draft);
        var combined = new Way(Proposer.Combined);
        var ngram = new Way(Proposer.Ngram);
        Way[] drafting = [plain, draft, combined, .. lengths.Select(length => new Way(Proposer.Draft, length))];
        switch (cell)
        {
            case "smol":
                await CompareAsync(await ReferencePairs.SmolAsync(), Prompts, [0, 0.8f], drafting, rounds, endless: true);
                break;
            case "copy" or "copy:Q8_0":
                var copier = await ReferencePairs.WidenedAsync(cell == "copy" ? "F32" : "Q8_0");
                await CompareAsync(copier, Copies, [0, 0.8f], [plain, ngram, combined], rounds, endless: false);
                break;
            case "copy:smol":
                await CompareAsync(await ReferencePairs.SmolAsync(), LongCopies, [0], [plain, ngram, combined], rounds, endless: true);
                break;
            case "hostile":
                var wide = await ReferencePairs.WidenedAsync("Q8_0");
                var nonsense = wide with { Name = "nonsense", Draft = await ReferencePairs.NonsenseDraftAsync() };
                await CompareAsync(nonsense, Prompts, [0, 0.8f], drafting, rounds, endless: false);
                await CompareAsync(wide with { Name = "random text" }, Random, [1.6f], [plain, draft, combined, ngram], rounds, endless: true);
                await CompareAsync(wide with { Name = "own size", Draft = wide.Main }, Prompts, [0], [plain, draft], rounds, endless: false);
                break;
            default:
                await CompareAsync(await ReferencePairs.WidenedAsync(cell), Prompts, [0, 0.8f], drafting, rounds, endless: false);
                break;
        }
    }

    private static async Task CompareAsync(
        ReferencePair pair, string[] prompts, float[] temperatures, Way[] ways, int rounds, bool endless)
    {
        await using var engine = BenchEngine.Load(pair.Main);
        await engine.AttachAsync(pair.Draft);
        foreach (var temperature in temperatures)
        {
            var cells = ways.ToDictionary(way => way, _ => new Cell());
            for (var round = 0; round < rounds; round++)
            {
                foreach (var way in ways)
                {
                    foreach (var prompt in prompts)
                        cells[way].Add(await engine.AskAsync(Request(prompt, way, temperature, endless)));
                    cells[way].EndRound(cells[ways[0]]);
                }
            }

            foreach (var way in ways)
                Console.WriteLine($"{pair.Name,-12} T {temperature,-3} {way,-9}{cells[way]}");
        }
    }

    private static GenerateRequest Request(string prompt, Way way, float temperature, bool endless)
    {
        var request = BenchEngine.Ask(prompt, Tokens, length: 0, temperature);
        request.ClearSeed();
        request.Sampling.IgnoreEos = endless;
        request.Speculation = new Protocol.Speculation { Proposer = way.Proposer };
        if (way.Length is { } length)
            request.Speculation.Length = length;
        return request;
    }

    /// <summary>Who proposes; and how many tokens, where the worker does not choose.</summary>
    private sealed record Way(Proposer Proposer, uint? Length = null)
    {
        public override string ToString() => Length is { } length ? $"{Proposer} {length}" : $"{Proposer}";
    }

    /// <summary>One way of decoding, round by round.</summary>
    private sealed class Cell
    {
        private readonly Series _rates = new();
        private readonly Series _gains = new();
        private readonly SpeculationCounters _sum = new();
        private double _tokens;
        private double _seconds;
        private ulong _emitted;

        public void Add(Finished end)
        {
            _tokens += end.EmittedTokens;
            _seconds += end.GenerationSeconds;
            _emitted += end.EmittedTokens;
            if (end.Speculation is not { } counters)
                return;
            _sum.Drafted += counters.Drafted;
            _sum.Accepted += counters.Accepted;
            _sum.MainPasses += counters.MainPasses;
            while (_sum.StepsByLength.Count < counters.StepsByLength.Count)
                _sum.StepsByLength.Add(0);
            for (var length = 0; length < counters.StepsByLength.Count; length++)
                _sum.StepsByLength[length] += counters.StepsByLength[length];
        }

        public void EndRound(Cell plain)
        {
            _rates.Add(_tokens / _seconds);
            _gains.Add(_rates.Last / plain._rates.Last);
            (_tokens, _seconds) = (0, 0);
        }

        public override string ToString()
        {
            var acceptance = _sum.Drafted > 0 ? _sum.Accepted / (double)_sum.Drafted : 0;
            var perPass = _sum.MainPasses > 0 ? _emitted / (double)_sum.MainPasses : 1;
            return string.Create(CultureInfo.InvariantCulture,
                $"{_rates.Median,8:F1} tok/s ({_rates.Spread.Low:F0} to {_rates.Spread.High:F0})  {_gains.Median,5:F2}x ({_gains.Spread.Low:F2} to {_gains.Spread.High:F2})  accepted {acceptance,4:P0}  {perPass:F2} tokens a pass  {_emitted} tokens  lengths {string.Join(' ', _sum.StepsByLength)}");
        }
    }
}
