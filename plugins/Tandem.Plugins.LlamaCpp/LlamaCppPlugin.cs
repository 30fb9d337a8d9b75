using Tandem.Plugins.LlamaCpp.Gguf;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>llama.cpp: GGUF models, run by a worker that loads libllama from the runtime's folder.</summary>
public sealed class LlamaCppPlugin : IEnginePlugin
{
    internal const string EngineId = "llama.cpp";
    private const string WorkerName = "Tandem.Engine.LlamaCpp";

    private readonly VocabularyCache _vocabularies = new();

    public EngineInfo Engine { get; } = new(EngineId, "llama.cpp", [GgufFolder.Format], new Dictionary<string, string>());

    public IReadOnlyList<ModelSource> FindModels(FolderListing folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return GgufFolder.FindModels(folder);
    }

    public ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return ValueTask.FromResult(GgufDescriber.Describe(source, _vocabularies, cancellationToken));
    }

    public PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(vocabularies);
        return LlamaCppPairRule.Judge(main, draft, vocabularies);
    }

    public IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(machine);
        return LlamaCppSurvey.Check(runtime, machine);
    }

    public LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => Plan(context, "--probe");

    public LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => Plan(context);

    public IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return LlamaCppPackages.Find(query.Query, query.Machine);
    }

    public RuntimeInfo? Recognise(string folder, MachineInfo machine)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return LlamaCppBuild.Recognise(folder);
    }

    /// <summary>
    /// Weights as large as the files; one cache of <see cref="PlacementSettings.ContextLength"/> tokens, which all sequences share;
    /// and llama.cpp's compute buffer, whose largest part is one row of logits for each token of a micro-batch.
    /// </summary>
    public MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        const int microBatch = 512;
        var context = Math.Min(settings.ContextLength, model.ContextLength);
        var perToken = model.KeyElementsPerToken * BytesPerElement(settings.KvKeyType)
            + model.ValueElementsPerToken * BytesPerElement(settings.KvValueType);
        var row = (model.Tokenizer?.PaddedSize ?? 0) + 4L * model.EmbeddingLength;
        var tokens = Math.Min(microBatch, context);
        return new MemoryEstimate(model.FileSize, (long)(context * perToken), tokens * row * sizeof(float));
    }

    private static LaunchPlan Plan(LaunchContext context, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(context);
        var executable = Path.Combine(context.EngineFolder, OperatingSystem.IsWindows() ? WorkerName + ".exe" : WorkerName);
        // Without it ggml answers an abort by forking a debugger: a grandchild that outlives the worker.
        var environment = new Dictionary<string, string> { ["GGML_NO_BACKTRACE"] = "1" };
        if (context.DotnetRoot is { } root)
            environment["DOTNET_ROOT"] = root;
        return new LaunchPlan(executable, arguments, environment);
    }

    /// <summary>Blocks of 32 with their scales, from ggml's type table; a type it does not know counts as f16, the default.</summary>
    private static double BytesPerElement(string cacheType)
    {
        var type = GgufTensorTypes.Names.FirstOrDefault(entry => entry.Value.Equals(cacheType, StringComparison.OrdinalIgnoreCase), new(1, "F16"));
        return GgufTensorTypes.Blocks.TryGetValue(type.Key, out var block) ? (double)block.Bytes / block.Elements : 2;
    }
}
