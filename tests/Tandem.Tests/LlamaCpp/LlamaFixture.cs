using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.LlamaCpp;

/// <summary>The real library and the embedded models, in this process: once per test run.</summary>
internal static class LlamaFixture
{
    internal static string Runtime { get; } = FindRuntime();

    internal static string Models { get; } = Path.Combine(AppFolder.Path, "models", "tandem");

    internal static LoadedEngine Load(int parallel = 1, uint contextLength = 0, uint batchSize = 2048) =>
        Load(new LoadSettings { Parallel = (uint)parallel, ContextLength = contextLength, BatchSize = batchSize });

    /// <summary>The Storyteller, or another model, with any settings.</summary>
    internal static LoadedEngine Load(LoadSettings settings, string? path = null, TimeProvider? time = null)
    {
        Assert.Null(NativeLlama.Load(Runtime));
        // One thread: threads that wait for each other are slow on a machine that does other things as well.
        settings.Threads = 1;
        var model = new ModelReference { Path = path ?? Storyteller, Key = "tandem/storyteller" };
        return LoadedEngine.Load(new LoadModelRequest { Model = model, Settings = settings }, time ?? TimeProvider.System, _ => { }, TestContext.Current.CancellationToken);
    }

    internal static string Storyteller => Path.Combine(Models, "storyteller", "storyteller.gguf");

    internal static DraftModel Draft { get; } = new()
    {
        EngineId = "llama.cpp",
        Model = new ModelReference { Path = Path.Combine(Models, "storyteller-draft", "storyteller-draft.gguf"), Key = "tandem/storyteller-draft" },
    };

    internal static Task<ulong> AttachAsync(LoadedEngine engine) =>
        engine.Loop.AttachAsync(engine.LoadDraft(Draft, _ => { }, TestContext.Current.CancellationToken));

    private static string FindRuntime()
    {
        var folder = Path.Combine(AppFolder.Path, "runtimes");
        return Directory.Exists(folder) && Directory.GetDirectories(folder, "llama.cpp@*") is [var first, ..]
            ? first
            : throw new InvalidOperationException("No runtime was bundled: npm is needed for the build.");
    }
}
