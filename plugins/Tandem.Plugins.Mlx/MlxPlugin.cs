namespace Tandem.Plugins.Mlx;

/// <summary>MLX: folders of safetensors, run by the Python worker <c>mlx-engine</c> of an installed runtime.</summary>
public sealed class MlxPlugin : IEnginePlugin
{
    internal const string EngineId = "mlx";

    private readonly MlxTokenizerCache _tokenizers = new();

    public EngineInfo Engine { get; } = new(EngineId, "MLX", [MlxFolder.Format], new Dictionary<string, string>());

    public IReadOnlyList<ModelSource> FindModels(FolderListing folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return MlxFolder.FindModels(folder);
    }

    public ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return ValueTask.FromResult(MlxDescriber.Describe(source, _tokenizers, cancellationToken));
    }

    public PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(vocabularies);
        return MlxPairRule.Judge(main, draft, vocabularies);
    }

    public IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(machine);
        return MlxSurvey.Check(runtime, machine);
    }

    public LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => MlxLaunch.Plan(runtime, context, "--probe");

    public LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => MlxLaunch.Plan(runtime, context);

    public IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return MlxRecipes.Find(query);
    }

    /// <summary>None: a Python environment knows its own place, so it cannot be moved into another.</summary>
    public RuntimeInfo? Recognise(string folder, MachineInfo machine) => null;

    /// <summary>Weights as large as the files, a cache per sequence, and a tenth of the weights for what is computed between.</summary>
    public MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        const int bytesPerElement = 2;
        var context = Math.Min(settings.ContextLength, model.ContextLength);
        var cache = (long)settings.Parallel * context * (model.KeyElementsPerToken + model.ValueElementsPerToken) * bytesPerElement;
        return new MemoryEstimate(model.FileSize, cache, model.FileSize / 10);
    }
}
