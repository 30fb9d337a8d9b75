using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tandem.Bench.Reference;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// Speculation as users get it against that of node-llama-cpp, which is the same library behind another loop: its predictor with a draft model
/// and its lookup in the input, as they are set by default; the same files, threads and prompts, in turns. Tokens after the first per second.
/// </summary>
internal static class NodeSpeculationBench
{
    private const int Rounds = 3;
    private const uint Tokens = 256;

    /// <param name="arguments">F32, Q8_0 or another type of the widened main, <c>copy</c> for texts to be repeated by the F32 one; F32, Q8_0 and copy when there are none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var folder = await NodeBench.InstallAsync();
        foreach (var cell in arguments is [] ? ["F32", "Q8_0", "copy"] : arguments)
        {
            var copies = cell == "copy";
            var pair = await ReferencePairs.WidenedAsync(copies ? "F32" : cell);
            foreach (var temperature in (float[])[0, 0.8f])
                await CompareAsync(folder, pair, copies ? SpeculationBench.Copies : SpeculationBench.Prompts, copies, temperature);
        }

        return 0;
    }

    private static async Task CompareAsync(string folder, ReferencePair pair, string[] prompts, bool copies, float temperature)
    {
        await using var worker = BenchEngine.Load(pair.Main);
        await worker.AttachAsync(pair.Draft);
        using var plain = await StartAsync(folder, pair, "none");
        using var predictor = await StartAsync(folder, pair, copies ? "lookup" : "draft");
        var ways = new (string Name, Func<string, Task<(double Written, double Seconds)>> Ask)[]
        {
            ("node-llama-cpp, plain", prompt => TheirsAsync(plain, prompt, temperature)),
            ("worker, plain", prompt => OursAsync(worker, prompt, Proposer.None, temperature)),
            ($"node-llama-cpp, {(copies ? "lookup" : "draft")}", prompt => TheirsAsync(predictor, prompt, temperature)),
            ($"worker, {(copies ? "n-grams" : "draft")}", prompt => OursAsync(worker, prompt, copies ? Proposer.Ngram : Proposer.Draft, temperature)),
            ("worker, combined", prompt => OursAsync(worker, prompt, Proposer.Combined, temperature)),
        };
        var rates = ways.ToDictionary(way => way.Name, _ => new Series());
        // The first round warms them all.
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (name, ask) in ways)
            {
                var (written, seconds) = (0.0, 0.0);
                foreach (var prompt in prompts)
                {
                    var answer = await ask(prompt);
                    (written, seconds) = (written + answer.Written, seconds + answer.Seconds);
                }

                if (round > 0)
                    rates[name].Add(written / seconds);
            }
        }

        foreach (var process in (Process[])[plain, predictor])
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
        }

        var theirs = rates[ways[2].Name].Median;
        foreach (var (name, _) in ways)
        {
            var (low, high) = rates[name].Spread;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pair.Name,-10}{(copies ? " copies" : "")} T {temperature,-3} {name,-24}{rates[name].Median,8:F1} tok/s ({low:F0} to {high:F0})  {rates[name].Median / theirs:F2} of theirs with a predictor"));
        }
    }

    private static async Task<(double Written, double Seconds)> OursAsync(BenchEngine worker, string prompt, Proposer proposer, float temperature)
    {
        var request = BenchEngine.Ask(prompt, Tokens, length: 0, temperature);
        request.ClearSeed();
        request.Speculation = new Protocol.Speculation { Proposer = proposer };
        var end = await worker.AskAsync(request);
        return (end.EmittedTokens, end.GenerationSeconds);
    }

    private static async Task<(double Written, double Seconds)> TheirsAsync(Process node, string question, float temperature)
    {
        await node.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { question, tokens = Tokens, temperature }));
        await node.StandardInput.FlushAsync();
        var line = await node.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("node-llama-cpp ended");
        var answer = JsonElement.Parse(line);
        return (answer.GetProperty("written").GetDouble(), answer.GetProperty("seconds").GetDouble());
    }

    private static async Task<Process> StartAsync(string folder, ReferencePair pair, string predictor)
    {
        string[] arguments = [Path.Combine(folder, "speculate.mjs"), pair.Main, Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture), predictor, pair.Draft];
        var node = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return await node.StandardOutput.ReadLineAsync() == "ready" ? node : throw new InvalidOperationException("node-llama-cpp did not start");
    }
}
