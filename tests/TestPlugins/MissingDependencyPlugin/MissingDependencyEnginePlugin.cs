using MissingDependency;
using Tandem.Plugins;

namespace MissingDependencyPlugin;

/// <summary>Needs an assembly that is not in its folder.</summary>
public sealed class MissingDependencyEnginePlugin : IEnginePlugin
{
    private readonly string _name = Lost.Name;

    public EngineInfo Engine => new(_name, "Missing dependency", ["missing"], new Dictionary<string, string>());

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
