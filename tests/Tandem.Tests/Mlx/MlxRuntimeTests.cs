using Tandem.Plugins;
using Tandem.Plugins.Mlx;

namespace Tandem.Tests.Mlx;

/// <summary>What the MLX plugin says of runtimes: recipes, launch, and every kind of broken environment that its files show.</summary>
public sealed class MlxRuntimeTests : IDisposable
{
    private const string Packages = "lib/python3.11/site-packages";
    private static readonly MlxPlugin Plugin = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_newest_version_comes_first_and_is_made_by_two_commands_in_its_final_place()
    {
        var recipes = Plugin.FindRecipes(Query("mlx"));
        Assert.Equal(["mlx@0.32.2+0.32.4-cpu", "mlx@0.32.1+0.32.4-cpu"], recipes.Select(recipe => recipe.Runtime.Id));
        var (make, install) = (recipes[0].Commands[0], recipes[0].Commands[1]);
        var place = Path.Combine("/home/runtimes", recipes[0].Runtime.Id);
        Assert.Equal("python3", make.Executable);
        Assert.Contains(place, make.Arguments);
        Assert.Equal(Path.Combine(place, "bin", "python"), install.Executable);
        Assert.Contains("mlx-lm==0.32.2", install.Arguments);
        Assert.DoesNotContain("--no-index", install.Arguments);
    }

    [Fact]
    public void Packages_from_a_folder_come_from_nowhere_else()
    {
        var install = Plugin.FindRecipes(Query("mlx@0.32.1") with { WheelsFolder = "/wheels" }).Single().Commands[1];
        Assert.Contains("--no-index", install.Arguments);
        Assert.Equal("/wheels", install.Arguments[install.Arguments.ToList().IndexOf("--find-links") + 1]);
        Assert.Contains("mlx-lm==0.32.1", install.Arguments);
        Assert.Equal("", install.Environment["PIP_FIND_LINKS"]);
    }

    [Fact]
    public void Every_pinned_package_has_one_exact_version()
    {
        var lines = File.ReadAllLines(Path.Combine(Support.Repository.Root, "engines/mlx/requirements.txt")).Where(line => line.Length > 0 && line[0] != '#');
        Assert.All(lines, line => Assert.Matches(@"^[a-z0-9_-]+==[0-9][0-9a-z.]*(; sys_platform == ""(linux|darwin)"")?$", line));
        Assert.Contains($"mlx=={Plugin.FindRecipes(Query("mlx"))[0].Runtime.PackageVersion}", lines);
    }

    [Theory]
    [InlineData("windows", "x64", null)]
    [InlineData("macos", "x64", "Intel")]
    [InlineData("macos", "arm64", "")]
    [InlineData("linux", "x64", "")]
    public void A_machine_that_MLX_does_not_run_on_is_offered_nothing_or_told_why(string system, string architecture, string? unfit)
    {
        var recipe = Plugin.FindRecipes(Query("mlx") with { Machine = Machine(system, architecture) }) is [var first, ..] ? first : null;
        Assert.Equal(unfit is null, recipe is null);
        if (recipe is not null)
            Assert.Equal(unfit, recipe.Unfit is { } reason && reason.Contains("Intel", StringComparison.Ordinal) ? "Intel" : recipe.Unfit ?? "");
    }

    [Fact]
    public void A_worker_is_the_engines_file_run_by_the_runtimes_Python()
    {
        var context = new LaunchContext("/app/engines/mlx", null, "/home");
        var plan = Plugin.PlanLaunch(Runtime() with { Folder = "/home/runtimes/mlx" }, context);
        Assert.Equal(Path.Combine("/home/runtimes/mlx", "bin", "python"), plan.Executable);
        Assert.Equal(["-E", "-s", Path.Combine("/app/engines/mlx", "mlx-engine")], plan.Arguments);
        Assert.Equal("1", plan.Environment["HF_HUB_OFFLINE"]);
        Assert.Equal("--probe", Plugin.PlanProbe(Runtime(), context).Arguments[^1]);
    }

    [Fact]
    public void A_whole_environment_has_nothing_to_say()
    {
        MakeEnvironment();
        Assert.All(Plugin.Survey(Runtime(), Machine()), predicate => Assert.True(predicate.Holds, predicate.Reason));
    }

    [Theory]
    [InlineData("bin/python", "files", "Python that the environment was made with is gone")]
    [InlineData($"{Packages}/mlx-0.32.4.dist-info", "files", "package mlx is not installed")]
    [InlineData($"{Packages}/mlx_lm-0.32.2.dist-info", "files", "package mlx-lm is not installed")]
    [InlineData($"{Packages}/tokenizers-0.23.3.dist-info", "files", "package tokenizers is not installed")]
    [InlineData($"{Packages}/mlx_cpu-0.32.4.dist-info", "files", "back end")]
    [InlineData($"{Packages}/mlx/lib/libmlx.so", "files", "back end")]
    [InlineData($"{Packages}/mlx_cpu.libs", "files", "LAPACK")]
    [InlineData($"{Packages}/mlx/core.cpython-311-x86_64-linux-gnu.so", "files", "library for Python is missing")]
    public void What_is_missing_is_named(string lost, string predicate, string reason)
    {
        MakeEnvironment();
        var path = Path.Combine(_folder.Path, lost);
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
        AssertFails(predicate, reason);
    }

    [Theory]
    [InlineData("mlx_cpu-0.32.4.dist-info", "mlx_cpu-0.32.2.dist-info", "different versions")]
    [InlineData("mlx_lm-0.32.2.dist-info", "mlx_lm-0.31.0.dist-info", "should hold mlx-lm 0.32.2")]
    [InlineData("mlx/core.cpython-311-x86_64-linux-gnu.so", "mlx/core.cpython-312-x86_64-linux-gnu.so", "another version of Python")]
    public void What_does_not_fit_together_is_named(string from, string to, string reason)
    {
        MakeEnvironment();
        var packages = Path.Combine(_folder.Path, Packages);
        Directory.Move(Path.Combine(packages, from), Path.Combine(packages, to));
        AssertFails("library_version", reason);
    }

    [Fact]
    public void A_library_that_was_cut_short_and_a_system_that_is_too_old_are_named()
    {
        MakeEnvironment();
        _folder.Write($"{Packages}/mlx/lib/libmlx.so", "short");
        AssertFails("files", "cut short");
        var old = Plugin.Survey(Runtime(), Machine() with { LibcVersion = "2.31" }).First(predicate => !predicate.Holds);
        Assert.Contains("glibc 2.31", old.Reason, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private void AssertFails(string name, string reason)
    {
        var failed = Assert.Single(Plugin.Survey(Runtime(), Machine()), predicate => !predicate.Holds);
        Assert.Equal(name, failed.Name);
        Assert.Contains(reason, failed.Reason, StringComparison.Ordinal);
        Assert.Contains("tandem runtime get mlx", failed.NextStep, StringComparison.Ordinal);
    }

    private void MakeEnvironment()
    {
        _folder.Write("bin/python", "");
        foreach (var package in (string[])["mlx-0.32.4", "mlx_cpu-0.32.4", "mlx_lm-0.32.2", "numpy-2.4.6", "tokenizers-0.23.3", "grpcio-1.85.1", "grpcio_health_checking-1.85.1", "protobuf-7.36.2"])
            _folder.Write($"{Packages}/{package}.dist-info/METADATA", "");
        _folder.Write($"{Packages}/mlx/core.cpython-311-x86_64-linux-gnu.so", new string(' ', 5000));
        _folder.Write($"{Packages}/mlx/lib/libmlx.so", new string(' ', 5000));
        _folder.Write($"{Packages}/mlx_cpu.libs/liblapack.so.3", "");
    }

    private RuntimeInfo Runtime() => Plugin.FindRecipes(Query("mlx"))[0].Runtime with { Folder = _folder.Path };

    private static InstallQuery Query(string query) => new(query, Machine(), "/home/runtimes", "/app/engines/mlx", null);

    private static MachineInfo Machine(string system = "linux", string architecture = "x64") =>
        new(system, architecture, new HashSet<string>(), [], 1L << 34, system == "linux" ? "2.36" : null);
}
