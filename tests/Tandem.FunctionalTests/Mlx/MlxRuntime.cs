using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>
/// An MLX runtime made from the wheels beside the repository, once under artifacts/; its name depends on what goes into it. The tests of
/// the Python package run in it, too.
/// </summary>
internal sealed class MlxRuntime
{
    public const string Id = "mlx@0.32.2+0.32.4-cpu";

    // pytest and gguf with what they import.
    private static readonly string[] TestPackages = ["pytest", "pluggy", "iniconfig", "packaging", "pygments", "gguf", "pyyaml", "tqdm"];
    private static readonly Lazy<Task<(MlxRuntime? Runtime, string Reason)>> Shared = new(MakeAsync);

    private MlxRuntime(string folder) => Folder = folder;

    public string Folder { get; }

    public string Python => Path.Combine(Folder, "bin", "python");

    /// <summary>The worker as it is written; the build copies it beside the executable.</summary>
    public static string Source { get; } = Path.Combine(Repository.Root, "engines", "mlx");

    /// <summary>Null, with the reason, where MLX cannot be had.</summary>
    public static Task<(MlxRuntime? Runtime, string Reason)> FindAsync() =>
        OperatingSystem.IsWindows() ? Task.FromResult<(MlxRuntime?, string)>((null, "MLX does not run on Windows")) : Shared.Value;

    /// <summary>Skips the running test, with the reason, where MLX cannot be had.</summary>
    public static async Task<MlxRuntime> RequireAsync()
    {
        var (runtime, reason) = await FindAsync();
        Assert.SkipWhen(runtime is null, reason);
        return runtime!;
    }

    /// <summary>A worker of this runtime, ready to start.</summary>
    public ProcessStartInfo Worker() => new(Python, ["-E", "-s", Path.Combine(Source, "mlx-engine")]);

    public static string Model(string name) => Path.Combine(Repository.Root, "host", "models", "tandem", name);

    /// <summary>A home in which this runtime is installed.</summary>
    public string NewHome()
    {
        var home = Directory.CreateTempSubdirectory("tmh-").FullName;
        Directory.CreateDirectory(Path.Combine(home, "runtimes"));
        Directory.CreateSymbolicLink(Path.Combine(home, "runtimes", Id), Folder);
        return home;
    }

    private static async Task<(MlxRuntime?, string)> MakeAsync()
    {
        if (SharedFolder.Path is not { } shared)
            return (null, SharedFolder.Missing);
        if (await PythonEnvironment.FindPythonAsync() is not { } python)
            return (null, "there is no python3 of version 3.11 or later");
        var wheels = Path.Combine(shared, "wheelhouse");
        var requirements = Path.Combine(Source, "requirements.txt");
        var content = string.Join(' ', [Id, await File.ReadAllTextAsync(requirements), .. TestPackages]);
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..8];
        var place = Path.Combine(Repository.Root, "artifacts", "python");
        var runtime = new MlxRuntime(Path.Combine(place, $"mlx-{key}"));
        Directory.CreateDirectory(place);
        await using var turn = await PythonEnvironment.TakeTurnAsync(runtime.Folder + ".lock");
        var manifest = Path.Combine(runtime.Folder, "manifest.json");
        if (File.Exists(manifest))
            return (runtime, "");
        await RunAsync(python, Path.Combine(Source, "make_environment.py"), runtime.Folder, "--wheels", wheels);
        string[] install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--find-links", wheels];
        await RunAsync(runtime.Python, [.. install, "-r", requirements, "mlx-lm==0.32.2", .. TestPackages]);
        await File.WriteAllTextAsync(manifest, $$"""
            {"id": "{{Id}}", "engineId": "mlx", "engineVersion": "0.32.2", "packageVersion": "0.32.4", "variant": "cpu",
             "operatingSystem": "linux", "architecture": "x64", "formats": ["mlx"]}
            """);
        return (runtime, "");
    }

    private static Task<string> RunAsync(string program, params string[] arguments) =>
        PythonEnvironment.RunAsync(new ProcessStartInfo(program, arguments), PythonEnvironment.InstallBound);
}
