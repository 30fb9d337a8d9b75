using System.Diagnostics;
using System.Globalization;
using Tandem.Bench.Reference;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>
/// The worker's loop against <c>llama_decode</c> in a bare loop that takes the largest logit and does nothing else: the same library, model,
/// threads and tokens, in turns; one sequence and four in the same passes.
/// </summary>
internal static class BareBench
{
    private const int Tokens = 96;
    private const int Rounds = 5;
    private const int Most = 4;
    private const string Question = "Write a long story about a lighthouse keeper.";

    /// <param name="arguments">Type of the widened main; SmolLM2 in F32 when there is none.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var pair = arguments is [var type, ..] ? await ReferencePairs.WidenedAsync(type) : await ReferencePairs.SmolAsync();
        await using var worker = BenchEngine.Load(pair.Main, Most);
        var placement = Placement.From(new LoadSettings { ContextLength = 2048, Parallel = Most }, "load");
        var threads = ComputeThreads.Create(placement.Threads);
        var (model, context, _) = ModelLoader.Load(
            new ModelReference { Path = pair.Main }, placement, new LoadPurpose("load", threads, () => false), _ => { }, CancellationToken.None);
        var prompt = worker.Engine.Tokenizer.Tokenize(BenchEngine.Ask(Question, Tokens).Prompt);
        var (bare, whole) = (new Series[Most + 1], new Series[Most + 1]);
        foreach (var count in (int[])[1, Most])
            (bare[count], whole[count]) = (new Series(), new Series());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var count in (int[])[1, Most])
            {
                bare[count].Add(Bare(context, prompt, count));
                whole[count].Add(await WholeAsync(worker, count));
            }
        }

        foreach (var count in (int[])[1, Most])
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pair.Name}, {count} at once: llama_decode alone {bare[count].Median:F1} tok/s, {bare[count].Median / bare[1].Median:F2}x one; worker {whole[count].Median:F1} tok/s, {whole[count].Median / whole[1].Median:F2}x one; worker to bare {whole[count].Median / bare[count].Median:F3}"));
        }
        context.Dispose();
        model.Dispose();
        threads?.Dispose();
        return 0;
    }

    /// <summary>Tokens of all per second, behind the first of each.</summary>
    private static async Task<double> WholeAsync(BenchEngine worker, int count)
    {
        var request = BenchEngine.Ask(Question, Tokens);
        request.Sampling.IgnoreEos = true;
        var ends = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => worker.AskAsync(request)));
        return ends.Sum(end => end.EmittedTokens - 1) / ends.Max(end => end.GenerationSeconds);
    }

    /// <inheritdoc cref="WholeAsync"/>
    private static double Bare(LlamaContext context, List<int> prompt, int count)
    {
        context.Clear();
        var rows = new int[count];
        var tokens = new int[count];
        for (var sequence = 0; sequence < count; sequence++)
        {
            for (var position = 0; position < prompt.Count; position++)
                rows[sequence] = context.Add(prompt[position], position, sequence, wantsLogits: position == prompt.Count - 1);
        }
        Decode(context);
        Choose(context, rows, tokens);
        var began = Stopwatch.GetTimestamp();
        for (var index = 0; index < Tokens - 1; index++)
        {
            for (var sequence = 0; sequence < count; sequence++)
                rows[sequence] = context.Add(tokens[sequence], prompt.Count + index, sequence, wantsLogits: true);
            Decode(context);
            Choose(context, rows, tokens);
        }

        return (Tokens - 1) * count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Choose(LlamaContext context, int[] rows, int[] tokens)
    {
        for (var index = 0; index < rows.Length; index++)
        {
            var logits = context.Logits(rows[index]);
            tokens[index] = logits.IndexOf(LogitKernels.Maximum(logits));
        }
    }

    private static void Decode(LlamaContext context)
    {
        if (context.Decode() != DecodeStatus.Ok)
            throw new InvalidOperationException("llama_decode failed");
    }
}
