namespace Tandem.Plugins;

/// <summary>
/// Everything the supervisor knows of one engine. A plugin runs inside the supervisor, so it is thin: it reads headers, judges and plans;
/// it runs no inference, loads no engine library and starts no process. One instance serves all threads.
/// Expected failures are results; an exception is a bug of the plugin and marks it broken.
/// </summary>
public interface IEnginePlugin
{
    /// <summary>The engine this plugin stands for.</summary>
    EngineInfo Engine { get; }

    /// <summary>The models of this engine in one folder (not in its subfolders), by names alone. Order does not matter.</summary>
    IReadOnlyList<ModelSource> FindModels(FolderListing folder);

    /// <summary>Describes a model from headers alone: bounded memory, time and nesting, whatever the file holds.</summary>
    ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken);

    /// <summary>
    /// The engine's rule for whether <paramref name="draft"/> can draft for <paramref name="main"/>, both of this engine.
    /// <paramref name="vocabularies"/> is asked only when fingerprints differ. Returns every failing check. Depends on kind and tokenizer of
    /// the two alone: models that agree in both are judged once for all.
    /// </summary>
    PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies);

    /// <summary>What must hold for a runtime to work on a machine, judged from its manifest and files; nothing is run.</summary>
    IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine);

    /// <summary>The command that prints what a runtime finds when it is really loaded (one JSON object on standard output).</summary>
    LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context);

    /// <summary>The command that starts a worker on a runtime.</summary>
    LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context);

    /// <summary>
    /// Runtimes that can be installed for a query such as <c>llama.cpp@0.5.0</c>, newest first and for one version the best variant first.
    /// Empty when none matches. Those for other systems are left out; those that lack something on this machine say so.
    /// </summary>
    IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query);

    /// <summary>
    /// The manifest of a build of this engine that somebody has put into a folder; null when it is none, or one that cannot be moved.
    /// Judged from files; the version may be left empty, the probe finds it out.
    /// </summary>
    RuntimeInfo? Recognise(string folder, MachineInfo machine);

    /// <summary>Memory a model would take, from its description; used to decide before anything is started.</summary>
    MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings);
}
