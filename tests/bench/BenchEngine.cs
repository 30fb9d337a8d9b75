using System.Reflection;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Protocol;

namespace Tandem.Bench;

/// <summary>The llama.cpp worker's loop in this process, without any transport: what a worker can do at most.</summary>
internal sealed class BenchEngine : IAsyncDisposable
{
    private readonly LoadedEngine _engine;

    private BenchEngine(LoadedEngine engine) => _engine = engine;

    public LoadedEngine Engine => _engine;

    /// <summary>The built command with everything beside it.</summary>
    public static string AppFolder { get; } = typeof(BenchEngine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "AppFolder").Value!;

    public static string RuntimeFolder { get; } = Directory.GetDirectories(Path.Combine(AppFolder, "runtimes"), "llama.cpp@*")[0];

    public static void LoadLibrary()
    {
        if (NativeLlama.Load(RuntimeFolder) is { } trouble)
            throw new InvalidOperationException(trouble);
    }

    public static BenchEngine Load(string file, int parallel = 1, int contextLength = 2048)
    {
        LoadLibrary();
        var settings = new LoadSettings { Parallel = (uint)parallel, ContextLength = (uint)contextLength };
        var request = new LoadModelRequest { Model = Reference(file), Settings = settings };
        return new BenchEngine(LoadedEngine.Load(request, TimeProvider.System, _ => { }, CancellationToken.None));
    }

    public Task AttachAsync(string draftFile)
    {
        var draft = new DraftModel { EngineId = "llama.cpp", Model = Reference(draftFile) };
        return _engine.Loop.AttachAsync(_engine.LoadDraft(draft, _ => { }, CancellationToken.None));
    }

    public Generation Start(GenerateRequest request)
    {
        var generation = Generation.Create(_engine, request, TimeProvider.System.GetTimestamp(), CancellationToken.None);
        _engine.Loop.Start(generation);
        return generation;
    }

    /// <summary>The end of an answer, with its figures.</summary>
    public async Task<Finished> AskAsync(GenerateRequest request)
    {
        await foreach (var message in Start(request).Output.ReadAllAsync())
        {
            if (message.Finished is { } finished)
                return finished;
        }

        throw new InvalidOperationException("the answer ended without its figures");
    }

    /// <summary>A ChatML question with a cold prompt, drawn from the whole distribution.</summary>
    /// <param name="length">Fixed draft length; 0: plain.</param>
    public static GenerateRequest Ask(string question, uint tokens, uint length = 0, float temperature = 0, ulong seed = 1) => new()
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
        Sampling = new Sampling { Temperature = temperature, TopK = 0, TopP = 1, MinP = 0 },
        Seed = seed,
        MaxTokens = tokens,
        CachePrompt = false,
        Speculation = length == 0
            ? new Protocol.Speculation { Proposer = Proposer.None }
            : new Protocol.Speculation { Proposer = Proposer.Draft, Length = length },
    };

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static ModelReference Reference(string file) => new() { Path = file, Key = $"reference/{Path.GetFileNameWithoutExtension(file)}" };
}
