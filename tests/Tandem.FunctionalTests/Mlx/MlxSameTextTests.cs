using System.Diagnostics;
using Grpc.Core;
using Tandem.FunctionalTests.Interop;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>The same weights in both engines, computed with 32-bit numbers, say the same.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxSameTextTests(ITestOutputHelper output) : IDisposable
{
    private const uint Tokens = 60;

    // Of the same text, both engines' log probabilities agree to so much; closer than twice that, the two best tokens are a tie.
    private const float Agreement = 1e-4f;
    private const float NearTie = 2 * Agreement;
    private readonly string _folder = Directory.CreateTempSubdirectory("tms-").FullName;

    [Fact]
    public async Task At_temperature_0_both_engines_write_the_same_text_but_for_near_ties()
    {
        var runtime = await MlxRuntime.RequireAsync();
        await using var llama = await WorkerUnderTest.StartAsync(new ProcessStartInfo(LlamaWorker.Executable), LlamaWorker.RequireRuntime());
        await using var mlx = await WorkerUnderTest.StartAsync(runtime.Worker());
        await LoadAsync(llama, "llama.cpp", await DequantiseAsync(runtime));
        await LoadAsync(mlx, "mlx", MlxRuntime.Model("storyteller-mlx"));
        var (ties, tokens, farthest) = (0, 0, 0f);
        foreach (var question in Prompts.All)
        {
            // With log probabilities the MLX worker decodes another way: the host needs the rows, and no pass runs ahead.
            var (ours, logged, theirs) = (await AskAsync(mlx, question, null), await AskAsync(mlx, question, 2), await AskAsync(llama, question, 2));
            Assert.Equal(ours.Select(token => token.Id), logged.Select(token => token.Id));
            tokens += theirs.Count;
            var same = ours.Zip(theirs).TakeWhile(pair => pair.First.Id == pair.Second.Id).Count();
            foreach (var (mine, other) in logged.Zip(theirs).Take(same))
                farthest = Math.Max(farthest, MathF.Abs(mine.Logprob - other.Logprob));
            if (same == theirs.Count && same == ours.Count)
                continue;
            var best = theirs[same].TopLogprobs;
            var gap = best[0].Logprob - best[1].Logprob;
            Assert.True(gap <= NearTie, $"{question}: token {same} differs; the two best are {gap} apart");
            ties++;
        }
        output.WriteLine($"{Prompts.All.Count} questions, {tokens} tokens, {ties} near-ties; log probabilities at most {farthest} apart");
        Assert.True(farthest <= Agreement, $"log probabilities are {farthest} apart");
        Assert.True(tokens > 1000 && ties <= 1 + (tokens / 1000), $"{ties} near-ties in {tokens} tokens");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<string> DequantiseAsync(MlxRuntime runtime)
    {
        var source = Path.Combine(Repository.Root, "host", "models", "tandem", "storyteller", "storyteller.gguf");
        var target = Path.Combine(_folder, "storyteller-f32.gguf");
        var script = Path.Combine(AppContext.BaseDirectory, "Mlx", "dequantise.py");
        await PythonEnvironment.RunAsync(new ProcessStartInfo(runtime.Python, ["-B", script, source, target]), PythonEnvironment.InstallBound);
        return target;
    }

    private static async Task LoadAsync(WorkerUnderTest worker, string engine, string path)
    {
        var request = new LoadModelRequest { EngineId = engine, Model = new ModelReference { Path = path, Key = "tandem/storyteller" } };
        if (engine == "llama.cpp")
            request.Settings = new LoadSettings { KvKeyType = "f32", KvValueType = "f32", FlashAttention = Toggle.Off, Threads = 1 };
        using var call = worker.Client.LoadModel(request);
        Assert.NotNull((await call.ResponseStream.ReadAllAsync().LastAsync()).Loaded);
    }

    private static async Task<List<Token>> AskAsync(WorkerUnderTest worker, string question, uint? topLogprobs)
    {
        var request = new GenerateRequest
        {
            Prompt = new Prompt
            {
                Segments =
                {
                    new Segment { Text = new TextSegment { Text = "<|im_start|>user\n", ParseSpecial = true } },
                    new Segment { Text = new TextSegment { Text = question } },
                    new Segment { Text = new TextSegment { Text = "<|im_end|>\n<|im_start|>assistant\n", ParseSpecial = true } },
                },
            },
            Sampling = new Sampling { Temperature = 0 },
            MaxTokens = Tokens,
        };
        if (topLogprobs is { } count)
            request.TopLogprobs = count;
        using var call = worker.Client.Generate(request);
        var messages = await call.ResponseStream.ReadAllAsync().ToListAsync();
        return [.. messages.Where(message => message.Step is not null).SelectMany(message => message.Step.Tokens)];
    }
}
