using Tandem.Plugins;

namespace FakePlugin;

/// <summary>The plugin of FakeEngine: good in every respect. Models are its scripts, pairs are judged by their fingerprints.</summary>
public sealed class FakeEnginePlugin : IEnginePlugin
{
    internal const string EngineId = "fake";
    private const string Extension = ".fake.json";
    private const string ProcessScript = "process.fake.json";

    public EngineInfo Engine { get; } = new(EngineId, "Fake engine", [EngineId], new Dictionary<string, string>
    {
        ["speculation.draft"] = "1.0.0",
        ["constraint.json_schema"] = "2.0.0",
    });

    public IReadOnlyList<ModelSource> FindModels(FolderListing folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return
        [
            .. from file in folder.Files
               where file.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) && file.Name != ProcessScript
               let path = Path.Combine(folder.Path, file.Name)
               select new ModelSource(EngineId, path, [path], file.Name[..^Extension.Length], IsFolder: false, ProjectorPath: null),
        ];
    }

    public async ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        return await ScriptDescription.ReadAsync(source, cancellationToken);
    }

    public PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(vocabularies);
        var (left, right) = (main.Tokenizer?.Fingerprint ?? "", draft.Tokenizer?.Fingerprint ?? "");
        if (left == right && left.Length > 0)
            return new PairVerdict(PairFit.Exact, [], null);
        var check = new FailedCheck("text", left, right, $"the fingerprints {left} and {right} differ");
        return new PairVerdict(PairFit.Refused, [check], FirstDifference(vocabularies.Find(left), vocabularies.Find(right)));
    }

    public IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(machine);
        var fits = runtime.OperatingSystem == machine.OperatingSystem;
        return
        [
            new Predicate(
                "system",
                fits,
                $"the runtime is for {runtime.OperatingSystem}, this machine runs {machine.OperatingSystem}",
                fits ? "" : $"Install a runtime for {machine.OperatingSystem}."),
        ];
    }

    public LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => Plan(context, "--probe");

    public LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => Plan(context);

    /// <summary>What <c>offers.fake.json</c> of the home lists.</summary>
    public IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return FakeOffers.Find(query);
    }

    /// <summary>A build of this engine is a folder with the script of a process.</summary>
    public RuntimeInfo? Recognise(string folder, MachineInfo machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return File.Exists(Path.Combine(folder, ProcessScript)) ? FakeOffers.RuntimeOf("", "local", "cpu", machine) with { Id = "" } : null;
    }

    public MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        var elements = model.KeyElementsPerToken + model.ValueElementsPerToken;
        return new MemoryEstimate(model.ParameterCount * 2, elements * 2 * settings.ContextLength, 100_000);
    }

    private static LaunchPlan Plan(LaunchContext context, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(context);
        var name = OperatingSystem.IsWindows() ? "FakeEngine.exe" : "FakeEngine";
        var environment = new Dictionary<string, string>();
        if (context.DotnetRoot is { } root)
            environment["DOTNET_ROOT"] = root;
        return new LaunchPlan(Path.Combine(context.EngineFolder, name), arguments, environment);
    }

    private static TokenDifference? FirstDifference(Vocabulary? main, Vocabulary? draft)
    {
        if (main is null || draft is null)
            return null;
        var id = main.FirstDifference(draft, 0);
        return id < 0 ? null : new TokenDifference(id, main.Text(id), draft.Text(id));
    }
}
