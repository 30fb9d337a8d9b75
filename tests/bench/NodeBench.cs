using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tandem.Bench.Reference;
using Tandem.Tests.Support;

namespace Tandem.Bench;

/// <summary>
/// The worker's loop against node-llama-cpp, which is the same library behind another loop: 1, 4 and 8 clients, plain, cold prompts, the same
/// model, threads and questions, in turns. The package is installed under artifacts/ at the first run.
/// </summary>
internal static class NodeBench
{
    private const int Rounds = 3;
    private const uint Tokens = 96;
    private static readonly int[] Clients = [1, 4, 8];

    private static readonly string[] Questions =
    [
        "Write quicksort in Python. Code only.", "Tell me a story about a fox.", "Plan a one day trip to Washington, DC.", "Can you explain the Pythagorean theorem?",
        "Tell me a story about a robot.", "List the numbers from 5 to 40.", "Write a haiku about the sea.", "Name three colors.",
    ];

    /// <param name="arguments">F32, Q8_0 or another type of the widened main, <c>smol</c> for SmolLM2 Q4_1; F32 when there are none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var folder = await InstallAsync();
        foreach (var name in arguments is [] ? ["F32"] : arguments)
        {
            var file = name == "smol"
                ? Path.Combine(ReferencePairs.Shared(), "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
                : (await ReferencePairs.WidenedAsync(name)).Main;
            await CompareAsync(folder, name, file);
        }
        return 0;
    }

    private static async Task CompareAsync(string folder, string name, string file)
    {
        await using var worker = BenchEngine.Load(file, Clients.Max(), contextLength: 2048);
        string[] arguments = [Path.Combine(folder, "serve.mjs"), file, Text(Clients.Max()), Text(Environment.ProcessorCount)];
        using var node = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        if (await node.StandardOutput.ReadLineAsync() != "ready")
            throw new InvalidOperationException("node-llama-cpp did not start");
        foreach (var clients in Clients)
        {
            var (ours, theirs, ourFirst, theirFirst) = (new Series(), new Series(), new Series(), new Series());
            // The first round warms both.
            for (var round = 0; round <= Rounds; round++)
            {
                var one = await OursAsync(worker, clients);
                var other = await TheirsAsync(node, clients);
                if (round == 0)
                    continue;
                ours.Add(one.Rate);
                theirs.Add(other.Rate);
                ourFirst.Add(one.First.Average());
                theirFirst.Add(other.First.Average());
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}, {clients} at once: worker {ours.Median:F1} tok/s, first token after {ourFirst.Median * 1000:F0} ms; node-llama-cpp {theirs.Median:F1} tok/s, {theirFirst.Median * 1000:F0} ms; {ours.Median / theirs.Median:F2}x"));
        }
        node.StandardInput.Close();
        await node.WaitForExitAsync();
    }

    private static async Task<(double Rate, double[] First)> OursAsync(BenchEngine worker, int clients)
    {
        var began = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, clients).Select(index => AnswerAsync(worker, Questions[index])));
        return (answers.Sum(answer => answer.Written) / Stopwatch.GetElapsedTime(began).TotalSeconds, [.. answers.Select(answer => answer.First)]);
    }

    private static async Task<(double First, int Written)> AnswerAsync(BenchEngine worker, string question)
    {
        var request = BenchEngine.Ask(question, Tokens);
        request.Sampling.IgnoreEos = true;
        var began = Stopwatch.GetTimestamp();
        var (first, written) = (0.0, 0);
        await foreach (var message in worker.Start(request).Output.ReadAllAsync())
        {
            if (message.Step is null)
                continue;
            first = first == 0 ? Stopwatch.GetElapsedTime(began).TotalSeconds : first;
            written += message.Step.Tokens.Count;
        }
        return (first, written);
    }

    private static async Task<(double Rate, double[] First)> TheirsAsync(Process node, int clients)
    {
        await node.StandardInput.WriteLineAsync(JsonSerializer.Serialize(new { questions = Questions[..clients], tokens = Tokens }));
        await node.StandardInput.FlushAsync();
        var line = await node.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("node-llama-cpp ended");
        var answer = JsonElement.Parse(line);
        return (answer.GetProperty("rate").GetDouble(), [.. answer.GetProperty("first").EnumerateArray().Select(first => first.GetDouble())]);
    }

    internal static async Task<string> InstallAsync()
    {
        var source = Path.Combine(Repository.Root, "tests", "bench", "node");
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "node-llama-cpp")).FullName;
        foreach (var file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        if (Directory.Exists(Path.Combine(folder, "node_modules", "node-llama-cpp")))
            return folder;
        string[] install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
        using var npm = Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", install) { WorkingDirectory = folder })!;
        await npm.WaitForExitAsync();
        return npm.ExitCode == 0 ? folder : throw new InvalidOperationException($"npm ended with {npm.ExitCode}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
