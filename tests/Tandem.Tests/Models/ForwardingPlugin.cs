using Tandem.Plugins;

namespace Tandem.Tests.Models;

/// <summary>A real plugin; tests change what they need to.</summary>
internal class ForwardingPlugin(IEnginePlugin inner) : IEnginePlugin
{
    public EngineInfo Engine => inner.Engine;

    public virtual IReadOnlyList<ModelSource> FindModels(FolderListing folder) => inner.FindModels(folder);

    public virtual ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken) => inner.DescribeAsync(source, cancellationToken);

    public virtual PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies) => inner.Judge(main, draft, vocabularies);

    public virtual IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine) => inner.Survey(runtime, machine);

    public virtual LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => inner.PlanProbe(runtime, context);

    public virtual LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => inner.PlanLaunch(runtime, context);

    public virtual IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query) => inner.FindRecipes(query);

    public virtual RuntimeInfo? Recognise(string folder, MachineInfo machine) => inner.Recognise(folder, machine);

    public virtual MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings) => inner.Estimate(model, settings);
}
