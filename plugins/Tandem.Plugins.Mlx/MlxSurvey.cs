namespace Tandem.Plugins.Mlx;

/// <summary>
/// Conditions for an MLX runtime to work on a machine, from its files and the records of its packages. What only running can tell (a
/// damaged library, a GPU that does not answer) is left to the probe.
/// </summary>
internal static class MlxSurvey
{
    private const string Again = "Install it again: tandem runtime get mlx";
    private static readonly Version OldestLibc = new(2, 35);

    /// <summary>Packages without which the worker cannot start, by the name their records have.</summary>
    private static readonly string[] Needed = ["mlx", "mlx_lm", "numpy", "tokenizers", "grpcio", "grpcio_health_checking", "protobuf"];

    /// <summary>Packages with MLX's back end; one of them is needed.</summary>
    private static readonly string[] BackEnds = ["mlx_cpu", "mlx_metal"];

    public static IReadOnlyList<Predicate> Check(RuntimeInfo runtime, MachineInfo machine)
    {
        var environment = new MlxEnvironment(runtime.Folder);
        return
        [
            System(machine),
            Make("architecture", runtime.OperatingSystem == machine.OperatingSystem && runtime.Architecture == machine.Architecture,
                "It was made for this machine.",
                $"It was made for {runtime.OperatingSystem} on {runtime.Architecture}, this machine is {machine.OperatingSystem} on {machine.Architecture}.",
                "Install it again on this machine."),
            SystemLibrary(machine),
            Files(environment),
            Versions(runtime, environment),
        ];
    }

    /// <summary>Why MLX cannot work on a machine; null when it can.</summary>
    public static string? WhyNot(MachineInfo machine) =>
        new[] { System(machine), SystemLibrary(machine) }.FirstOrDefault(predicate => !predicate.Holds)?.Reason;

    private static Predicate System(MachineInfo machine)
    {
        var supported = machine.OperatingSystem == "linux" || machine is { OperatingSystem: "macos", Architecture: "arm64" };
        var found = machine.OperatingSystem == "macos" ? "a Mac with an Intel processor" : machine.OperatingSystem;
        return Make("system", supported, "MLX runs on this system.",
            $"MLX runs on Apple silicon and on Linux, and this machine is {found}.", "Use GGUF models with llama.cpp.");
    }

    private static Predicate SystemLibrary(MachineInfo machine)
    {
        if (machine.OperatingSystem != "linux")
            return Make("library_version", true, "The system's libraries are not in question.", "", "");
        var known = Version.TryParse(machine.LibcVersion, out var version);
        return Make("library_version", known && version >= OldestLibc, $"The system's C library is glibc {version}.",
            known ? $"The system's C library is glibc {version}, and MLX needs {OldestLibc} or later." : "The system's C library is not glibc, which MLX needs.",
            "Use a newer system, or GGUF models with llama.cpp.");
    }

    private static Predicate Files(MlxEnvironment environment)
    {
        var reason = !environment.HasPython ? "The Python that the environment was made with is gone."
            : Needed.FirstOrDefault(name => !environment.Versions.ContainsKey(name)) is { } missing ? $"The Python package {Shown(missing)} is not installed in it."
            : !BackEnds.Any(environment.Versions.ContainsKey) || environment.MainLibrary is null ? "MLX's back end (mlx-cpu or mlx-metal) is missing."
            : environment.Versions.ContainsKey("mlx_cpu") && !environment.HasLibrariesOf("mlx_cpu") ? "The libraries that mlx-cpu brings (LAPACK) are missing."
            : environment.CoreLibrary is null ? "MLX's library for Python is missing."
            : new FileInfo(environment.MainLibrary).Length < 4096 ? "MLX's library is cut short."
            : "";
        return Make("files", reason.Length == 0, "Its Python environment has everything it needs.", reason, Again);
    }

    private static Predicate Versions(RuntimeInfo runtime, MlxEnvironment environment)
    {
        var mlx = environment.Versions.GetValueOrDefault("mlx", "");
        var backEnd = BackEnds.FirstOrDefault(environment.Versions.ContainsKey) ?? "";
        var reason = mlx.Length > 0 && backEnd.Length > 0 && environment.Versions[backEnd] != mlx
            ? $"MLX {mlx} and {Shown(backEnd)} {environment.Versions[backEnd]} are of different versions and do not fit together."
            : environment.Versions.TryGetValue("mlx_lm", out var lm) && lm != runtime.EngineVersion
            ? $"It should hold mlx-lm {runtime.EngineVersion} and holds {lm}: somebody changed it."
            : environment.CoreLibrary is { } core && !Path.GetFileName(core).Contains($"-{environment.PythonTag}-", StringComparison.Ordinal)
            ? $"Its MLX was made for another version of Python ({Path.GetFileName(core)})."
            : "";
        return Make("library_version", reason.Length == 0, $"MLX {mlx} with mlx-lm {runtime.EngineVersion}.", reason, Again);
    }

    private static string Shown(string package) => package.Replace('_', '-');

    private static Predicate Make(string name, bool holds, string reason, string failure, string nextStep) =>
        new(name, holds, holds ? reason : failure, holds ? "" : nextStep);
}
