using Tandem.Plugins;

namespace WrongContractPlugin;

/// <summary>Its manifest names a contract that does not exist: it must not be loaded at all.</summary>
public sealed class WrongContractEnginePlugin : IEnginePlugin
{
    public WrongContractEnginePlugin() => throw new InvalidOperationException("a plugin of another contract was constructed");

    public EngineInfo Engine => new("wrong-contract", "Wrong contract", ["wrong"], new Dictionary<string, string>());

    public IReadOnlyList<ModelSource> FindModels(FolderListing folder) => [];

    public ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken) => throw new NotSupportedException();

    public PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies) => throw new NotSupportedException();

    public IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine) => [];

    public LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => throw new NotSupportedException();

    public LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => throw new NotSupportedException();

    public IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query) => [];

    public RuntimeInfo? Recognise(string folder, MachineInfo machine) => null;

    public MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings) => throw new NotSupportedException();
}
