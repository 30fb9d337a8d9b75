using Tandem.Plugins;
using static Tandem.Tests.Gguf.GgufModels;

namespace Tandem.Tests.Gguf;

/// <summary>What the llama.cpp plugin says of runtimes: recipes, survey, launch, memory.</summary>
public sealed class RuntimeTests
{
    [Theory]
    [InlineData("linux", "x64", "llama.cpp", "llama.cpp@0.5.0+3.22.1-cpu", "@node-llama-cpp/linux-x64", "package/bins/linux-x64")]
    [InlineData("linux", "x64", "llama.cpp@0.4.0", "llama.cpp@0.4.0+3.21.1-cpu", "@node-llama-cpp/linux-x64", "package/bins/linux-x64")]
    [InlineData("macos", "arm64", "llama.cpp", "llama.cpp@0.4.0+3.21.1-metal", "@node-llama-cpp/mac-arm64-metal", "package/bins/mac-arm64-metal")]
    [InlineData("windows", "x64", "llama.cpp", "llama.cpp@0.4.0+3.21.1-cpu", "@node-llama-cpp/win-x64", "package/bins/win-x64")]
    public void The_best_recipe_for_a_machine_comes_first(string system, string architecture, string query, string id, string package, string folder)
    {
        var recipe = Find(query, Machine(system, architecture))[0];
        var source = Assert.Single(recipe.Packages);
        Assert.Equal((id, package, folder), (recipe.Runtime.Id, source.Name, source.FolderInside));
        Assert.Equal(recipe.Runtime.PackageVersion, source.Version);
        Assert.StartsWith("sha512-", source.Integrity, StringComparison.Ordinal);
    }

    [Fact]
    public void A_build_for_a_device_comes_first_where_the_device_is_and_is_unfit_elsewhere()
    {
        var bare = Machine("linux", "x64");
        Assert.All(Find("llama.cpp", bare), recipe => Assert.Equal(recipe.Runtime.Variant != "cpu", recipe.Unfit is not null));
        Assert.Contains("no device for vulkan", Assert.Single(Find("llama.cpp@0.5.0+3.22.1-vulkan", bare)).Unfit!, StringComparison.Ordinal);
        var equipped = bare with { Accelerators = [new AcceleratorInfo("vulkan", "GPU", null, 1)] };
        Assert.Equal("vulkan", Find("llama.cpp", equipped)[0].Runtime.Variant);
        Assert.Empty(Find("llama.cpp@9", bare));
        Assert.Empty(Find("mlx", bare));
    }

    [Fact]
    public void A_survey_names_each_condition_that_does_not_hold()
    {
        var runtime = Find("llama.cpp", Machine("linux", "x64"))[0].Runtime with
        {
            EngineVersion = "9.9.9",
            CpuFeatures = ["avx512f"],
        };
        var failing = Plugin.Survey(runtime, Machine("macos", "arm64")).Where(predicate => !predicate.Holds).ToList();
        Assert.Equal(["system", "architecture", "cpu_features", "library_version"], failing.Select(predicate => predicate.Name));
        Assert.All(failing, predicate => Assert.False(string.IsNullOrEmpty(predicate.NextStep)));
    }

    [Fact]
    public void A_worker_is_launched_from_its_folder_and_forks_no_debugger()
    {
        var context = new LaunchContext(Path.Combine(Path.GetTempPath(), "engine"), "/dotnet", Path.GetTempPath());
        var runtime = Find("llama.cpp", Machine("linux", "x64"))[0].Runtime;
        var plan = Plugin.PlanLaunch(runtime, context);
        Assert.Equal(context.EngineFolder, Path.GetDirectoryName(plan.Executable));
        Assert.Empty(plan.Arguments);
        Assert.Equal(("1", "/dotnet"), (plan.Environment["GGML_NO_BACKTRACE"], plan.Environment["DOTNET_ROOT"]));
        Assert.Equal(["--probe"], Plugin.PlanProbe(runtime, context).Arguments);
    }

    [Fact]
    public async Task Memory_is_estimated_from_the_header()
    {
        var (model, _) = await DescribeAsync(GgufBuilder.Model(Tokens(100)));
        var full = Plugin.Estimate(model, new PlacementSettings(512, 4, "f16", "f16", 0));
        // 32 elements of 2 bytes for each of 512 tokens; the model's context is the limit.
        Assert.Equal((model.FileSize, 32_768L), (full.Weights, full.KvCache));
        Assert.Equal(full, Plugin.Estimate(model, new PlacementSettings(100_000, 4, "f16", "f16", 0)));
        // q8_0: 34 bytes for 32 elements.
        Assert.Equal(17_408, Plugin.Estimate(model, new PlacementSettings(512, 4, "q8_0", "q8_0", 0)).KvCache);
    }

    private static IReadOnlyList<InstallRecipe> Find(string query, MachineInfo machine) =>
        Plugin.FindRecipes(new InstallQuery(query, machine, Path.GetTempPath(), Path.GetTempPath(), null));

    private static MachineInfo Machine(string system, string architecture) =>
        new(system, architecture, new HashSet<string> { "avx2" }, [], 1 << 30, null);
}
