using Tandem.Tests.Support;

namespace Tandem.Bench.Reference;

/// <summary>A main model and its draft, as files.</summary>
internal sealed record ReferencePair(string Name, string Main, string Draft);

/// <summary>
/// Real pairs for benchmarks, made on demand into <c>artifacts/reference-pairs</c> (<c>TANDEM_BENCH_MODELS</c>), which also serves as a
/// model folder: <c>reference/NAME</c>. They measure the machinery on a small machine, not the quality of a model.
/// (a) Storyteller widened to 16,384: the embedded draft costs it almost nothing and is accepted as real pairs are: worth having.
/// (b) SmolLM2 in F32 with its own Q4_0: half a step for a draft that is accepted in 4 of 10 cases: to be left alone.
/// </summary>
internal static class ReferencePairs
{
    private const string Width = "16384";

    public static string Folder { get; } = Environment.GetEnvironmentVariable("TANDEM_BENCH_MODELS") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(Repository.Root, "artifacts", "reference-pairs");

    /// <param name="type">F32, BF16, F16 or Q8_0: of the widened main model.</param>
    public static async Task<ReferencePair> WidenedAsync(string type)
    {
        var main = await MakeAsync($"storyteller-{Width}-{type.ToLowerInvariant()}", file =>
            PythonTool.RunAsync("widen_model.py", [EmbeddedMain, file, Width, type]));
        return new ReferencePair($"(a) {type}", main, EmbeddedDraft);
    }

    public static async Task<ReferencePair> SmolAsync()
    {
        var source = Path.Combine(Shared(), "models", "SmolLM2-135M-Instruct.Q4_1.gguf");
        var main = await MakeAsync("smollm2-135m-f32", file => Quantizer.Write(source, file, Quantizer.F32));
        var draft = await MakeAsync("smollm2-135m-q4_0", file => Quantizer.Write(main, file, Quantizer.Q40));
        return new ReferencePair("(b) SmolLM2", main, draft);
    }

    /// <summary>The embedded draft with its weights out of place.</summary>
    public static Task<string> NonsenseDraftAsync() => MakeAsync("storyteller-nonsense", file =>
        PythonTool.RunAsync(Path.Combine(Repository.Root, "tests", "bench", "Reference", "nonsense_draft.py"), [EmbeddedDraft, file]));

    internal static string EmbeddedMain => Path.Combine(Repository.Root, "host", "models", "tandem", "storyteller", "storyteller.gguf");

    private static string EmbeddedDraft => Path.Combine(Repository.Root, "host", "models", "tandem", "storyteller-draft", "storyteller-draft.gguf");

    internal static string Shared() => SharedFolder.Path ?? throw new InvalidOperationException(SharedFolder.Missing);

    /// <summary>The file of a model, written under another name first, so that it is whole or not there.</summary>
    private static async Task<string> MakeAsync(string name, Func<string, Task> write)
    {
        var file = Path.Combine(Folder, "reference", name, name + ".gguf");
        if (File.Exists(file))
            return file;
        Console.WriteLine($"making {name}");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var partial = file + $".{Environment.ProcessId}.part";
        await write(partial);
        File.Move(partial, file, overwrite: true);
        return file;
    }
}
