using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Gguf;

namespace Tandem.Tests.Models;

public sealed class CatalogueTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keys_come_from_the_last_two_folders_in_lower_case()
    {
        Write("Publisher/Model-GGUF/file-Q4_0.gguf");
        Write("a/b/Deep/Model2/file.gguf");
        Write("Alone/file.gguf");
        Write("InTheRoot-Q8_0.gguf");
        Write("models--Org--Name/snapshots/abc/x.gguf");
        Assert.Equal(["deep/model2", "local/alone", "local/intheroot", "org/name", "publisher/model-gguf"], await KeysAsync());
    }

    [Fact]
    public async Task Files_that_share_a_key_are_told_apart_by_quantisation_and_then_by_stem()
    {
        Write("p/m/m-Q4_0.gguf");
        Write("p/m/m-Q8_0.gguf");
        Write("p/n/one.gguf");
        Write("p/n/two.gguf");
        Assert.Equal(["p/m@q4_0", "p/m@q8_0", "p/n@one-f16", "p/n@two-f16"], await KeysAsync());
    }

    [Fact]
    public async Task The_first_folder_wins_and_the_second_model_is_flagged()
    {
        Write("first/p/m/m.gguf");
        Write("second/p/m/m.gguf");
        await using var running = await StartAsync(new ModelFolder(At("first")), new ModelFolder(At("second")));
        var models = running.Catalogue.Snapshot.Models;
        Assert.Equal([("p/m", false), ("p/m", true)], models.Select(model => (model.Key, model.Shadowed)));
        Assert.StartsWith(At("first"), Found(running.Catalogue.Resolve("p/m")).Source.Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_file_is_listed_with_its_reason_and_refused_by_it()
    {
        _folder.Write("p/text/text.gguf", "I am only a text file with a false extension.");
        Write("p/m/m.gguf");
        await using var running = await StartAsync();
        var broken = Assert.Single(running.Catalogue.Snapshot.Models, model => model.Problem is not null);
        Assert.Equal(("p/text", "magic"), (broken.Key, broken.ProblemField));
        var failure = Failed(running.Catalogue.Resolve("p/text"));
        Assert.Equal(FailureCodes.InvalidValue, failure.Code);
        Assert.Contains("text.gguf", failure.Message, StringComparison.Ordinal);
        Found(running.Catalogue.Resolve("p/m"));
    }

    [Fact]
    public async Task Short_forms_find_a_model_and_several_fits_are_named()
    {
        Write("p/Alpha-GGUF/a.gguf");
        Write("p/beta/b-Q4_0.gguf");
        Write("p/beta/b-Q8_0.gguf");
        Write("q/gamma/g.gguf");
        Write("r/gamma/g.gguf");
        await using var running = await StartAsync();
        foreach (var name in new[] { "p/alpha-gguf", "ALPHA-GGUF", "alpha", "P/Alpha", "alpha-mlx", "alpha:2" })
            Assert.Equal("p/alpha-gguf", Found(running.Catalogue.Resolve(name)).Key);
        Assert.Equal("p/beta@q8_0", Found(running.Catalogue.Resolve("beta@q8_0")).Key);
        Assert.Contains("q/gamma, r/gamma", Failed(running.Catalogue.Resolve("gamma")).Message, StringComparison.Ordinal);
        Assert.Contains("p/beta@q4_0, p/beta@q8_0", Failed(running.Catalogue.Resolve("p/beta")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_name_is_answered_with_near_matches()
    {
        Write("p/storyteller/s.gguf");
        Write("p/other/o.gguf");
        await using var running = await StartAsync();
        var failure = Failed(running.Catalogue.Resolve("storyteler"));
        Assert.Equal((FailureCodes.ModelNotFound, "model"), (failure.Code, failure.Param));
        Assert.Contains("Near matches: p/storyteller.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FailureCodes.ModelNotFound, Failed(running.Catalogue.Resolve(new string('x', 100_000))).Code);
    }

    [Fact]
    public async Task A_rescan_sees_what_came_and_what_went()
    {
        var path = Write("p/m/m.gguf");
        await using var running = await StartAsync();
        File.Delete(path);
        Write("p/n/n.gguf");
        await running.Catalogue.RescanAsync(forget: false, TestContext.Current.CancellationToken);
        Assert.Equal(["p/n"], running.Catalogue.Snapshot.Models.Select(model => model.Key));
        Assert.Equal(2, running.Catalogue.Snapshot.Revision);
        Assert.NotNull(running.Catalogue.Vocabularies.Find(running.Catalogue.Snapshot.Models[0].Description!.Tokenizer!.Fingerprint));
    }

    [Fact]
    public async Task A_plugin_that_throws_leaves_the_models_of_the_others()
    {
        Write("p/m/m.gguf");
        await using var running = await StartAsync([new ThrowingPlugin(), new LlamaCppPlugin()], new ModelFolder(_folder.Path));
        Assert.Equal(["p/m"], running.Catalogue.Snapshot.Models.Select(model => model.Key));
    }

    [Fact]
    public async Task A_circle_of_links_ends()
    {
        Write("p/m/m.gguf");
        Directory.CreateSymbolicLink(At("p/again"), _folder.Path);
        Assert.Contains("p/m", await KeysAsync());
    }

    [Fact]
    public async Task The_embedded_models_have_their_keys_and_defaults()
    {
        await using var running = await StartAsync(new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true));
        Assert.Equal(
            ["tandem/storyteller", "tandem/storyteller-draft", "tandem/storyteller-draft-mlx", "tandem/storyteller-mlx"],
            running.Catalogue.Snapshot.Models.Select(model => model.Key));
        Assert.All(running.Catalogue.Snapshot.Models, model => Assert.True(model.Embedded && model.Problem is null, model.Problem));
        var defaults = new ModelDefaults
        {
            DraftModel = "tandem/storyteller-draft",
            Sampling = new Protocol.Sampling { Temperature = 0 },
            Speculation = new Protocol.Speculation { Length = 4 },
        };
        Assert.Equal(defaults, Found(running.Catalogue.Resolve("storyteller")).Defaults);
        Assert.Equal("tandem/storyteller-draft-mlx", Found(running.Catalogue.Resolve("storyteller-mlx")).Defaults.DraftModel);
        Assert.Equal(ModelDefaults.None, Found(running.Catalogue.Resolve("storyteller-draft")).Defaults);
    }

    private string At(string relative) => Path.Combine(_folder.Path, relative);

    private string Write(string relative) => _folder.Write(relative, GgufBuilder.Model(GgufModels.Tokens(20)).Build());

    private async Task<IEnumerable<string>> KeysAsync()
    {
        await using var running = await StartAsync();
        return running.Catalogue.Snapshot.Models.Select(model => model.Key);
    }

    private Task<RunningCatalogue> StartAsync(params ModelFolder[] folders) =>
        StartAsync([new LlamaCppPlugin(), new MlxPlugin()], folders.Length > 0 ? folders : [new ModelFolder(_folder.Path)]);

    private static Task<RunningCatalogue> StartAsync(IReadOnlyList<IEnginePlugin> plugins, params ModelFolder[] folders) =>
        RunningCatalogue.StartAsync(plugins, folders);

    private static ModelEntry Found(ModelResolution resolution) => Assert.IsType<ModelResolution.Found>(resolution).Model;

    private static Failure Failed(ModelResolution resolution) => Assert.IsType<ModelResolution.NotFound>(resolution).Failure;
}

/// <summary>A plugin with a bug.</summary>
internal sealed class ThrowingPlugin : IEnginePlugin
{
    public EngineInfo Engine { get; } = new("throwing", "Throwing", ["gguf"], new Dictionary<string, string>());

    public IReadOnlyList<ModelSource> FindModels(FolderListing folder) => throw new InvalidOperationException("a bug");

    public ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken) => throw new InvalidOperationException();

    public PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies) => throw new InvalidOperationException();

    public IReadOnlyList<Predicate> Survey(RuntimeInfo runtime, MachineInfo machine) => throw new InvalidOperationException();

    public LaunchPlan PlanProbe(RuntimeInfo runtime, LaunchContext context) => throw new InvalidOperationException();

    public LaunchPlan PlanLaunch(RuntimeInfo runtime, LaunchContext context) => throw new InvalidOperationException();

    public IReadOnlyList<InstallRecipe> FindRecipes(InstallQuery query) => throw new InvalidOperationException();

    public RuntimeInfo? Recognise(string folder, MachineInfo machine) => throw new InvalidOperationException();

    public MemoryEstimate Estimate(ModelDescription model, PlacementSettings settings) => throw new InvalidOperationException();
}
