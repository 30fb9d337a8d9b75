namespace Tandem.Plugins.Mlx;

/// <summary>
/// How an MLX runtime is made: a Python environment, then pinned packages through pip as the machine has it configured, or from a folder.
/// Its version is mlx-lm's, its package version MLX's own.
/// </summary>
internal static class MlxRecipes
{
    private const string Python = "python3";
    private const string EnvironmentScript = "make_environment.py";
    private const string Requirements = "requirements.txt";

    /// <summary>Newest first; requirements.txt pins what is equal for all of them, MLX among it.</summary>
    private static readonly (string Lm, string Mlx)[] Versions = [("0.32.2", "0.32.4"), ("0.32.1", "0.32.4")];

    public static IReadOnlyList<InstallRecipe> Find(InstallQuery query) =>
    [
        .. from version in Versions
           where query.Machine.OperatingSystem is "macos" or "linux"
           let recipe = ToRecipe(version.Lm, version.Mlx, query)
           where recipe.Runtime.Id.StartsWith(query.Query, StringComparison.OrdinalIgnoreCase)
           select recipe,
    ];

    private static InstallRecipe ToRecipe(string lm, string mlx, InstallQuery query)
    {
        var variant = query.Machine.OperatingSystem == "macos" ? "metal" : "cpu";
        var id = $"{MlxPlugin.EngineId}@{lm}+{mlx}-{variant}";
        var folder = Path.Combine(query.RuntimesFolder, id);
        return new InstallRecipe
        {
            Runtime = new RuntimeInfo
            {
                Id = id,
                EngineId = MlxPlugin.EngineId,
                EngineVersion = lm,
                PackageVersion = mlx,
                Variant = variant,
                OperatingSystem = query.Machine.OperatingSystem,
                Architecture = query.Machine.Architecture,
                Formats = [MlxFolder.Format],
            },
            Unfit = MlxSurvey.WhyNot(query.Machine),
            Commands = [MakeEnvironment(folder, query), InstallPackages(folder, lm, query)],
            DiskBytes = 400L * 1024 * 1024,
        };
    }

    private static LaunchPlan MakeEnvironment(string folder, InstallQuery query)
    {
        string[] wheels = query.WheelsFolder is { } path ? ["--wheels", path] : [];
        return new LaunchPlan(
            Python, ["-E", "-s", Path.Combine(query.EngineFolder, EnvironmentScript), folder, .. wheels], new Dictionary<string, string>());
    }

    private static LaunchPlan InstallPackages(string folder, string lm, InstallQuery query)
    {
        string[] pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"];
        string[] packages = ["-r", Path.Combine(query.EngineFolder, Requirements), $"mlx-lm=={lm}"];
        var python = new MlxEnvironment(folder).Python;
        if (query.WheelsFolder is not { } wheels)
            return new LaunchPlan(python, [.. pip, .. packages], new Dictionary<string, string>());
        // The folder and nothing else: settings of the machine that name an index must not mix in.
        var settings = new Dictionary<string, string> { ["PIP_CONFIG_FILE"] = OperatingSystem.IsWindows() ? "nul" : "/dev/null", ["PIP_FIND_LINKS"] = "" };
        return new LaunchPlan(python, [.. pip, "--no-index", "--find-links", wheels, .. packages], settings);
    }
}
