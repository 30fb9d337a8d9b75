namespace Tandem.Plugins.LlamaCpp;

/// <summary>Conditions for a llama.cpp build to work on a machine, from its manifest alone. The supervisor checks its files.</summary>
internal static class LlamaCppSurvey
{
    public static IReadOnlyList<Predicate> Check(RuntimeInfo runtime, MachineInfo machine) =>
    [
        Compare("system", runtime.OperatingSystem, machine.OperatingSystem),
        Compare("architecture", runtime.Architecture, machine.Architecture),
        CpuFeatures(runtime, machine),
        Accelerator(runtime, machine),
        LibraryVersion(runtime),
    ];

    private static Predicate Compare(string name, string built, string found) => Make(name, built == found,
        $"It was built for {built}.", $"It was built for {built}, and this machine is {found}.", $"Install a build for {found}.");

    private static Predicate CpuFeatures(RuntimeInfo runtime, MachineInfo machine)
    {
        var missing = runtime.CpuFeatures.Where(feature => !machine.CpuFeatures.Contains(feature)).ToList();
        return Make("cpu_features", missing.Count == 0, "The processor has what it needs.",
            $"The processor lacks {string.Join(", ", missing)}.", "Install a build for older processors.");
    }

    /// <summary>Whether the machine has what a variant computes on, as far as can be told without the vendor's library.</summary>
    public static bool HasDevice(string variant, MachineInfo machine) => DeviceFor(variant, machine) is not null || variant is "cpu" or "metal";

    private static AcceleratorInfo? DeviceFor(string variant, MachineInfo machine) =>
        machine.Accelerators.FirstOrDefault(one => one.Kind.Equals(variant, StringComparison.OrdinalIgnoreCase));

    private static Predicate Accelerator(RuntimeInfo runtime, MachineInfo machine)
    {
        if (runtime.Variant is "cpu" or "metal")
            return Make("driver", true, "It needs no driver.", "", "");
        if (DeviceFor(runtime.Variant, machine) is not { } found)
        {
            return Make("driver", false, "", $"No device for {runtime.Variant} was found.", "Select a cpu build, or install the driver of the device.")
                with
            { Meaning = Compatibility.GpuRequiredButNoneFound };
        }

        var tooOld = runtime.MinimumDriver is { } needed && Version.TryParse(needed, out var minimum)
            && Version.TryParse(found.DriverVersion, out var actual) && actual < minimum;
        return Make("driver", !tooOld, $"{found.Name} with driver {found.DriverVersion ?? "of unknown version"}.",
            $"{found.Name} has driver {found.DriverVersion}, and {runtime.MinimumDriver} is needed.", "Update the driver.");
    }

    private static Predicate LibraryVersion(RuntimeInfo runtime)
    {
        // Any version may have the layouts that the worker knows; only the probe can tell.
        if (runtime.PackageVersion.StartsWith(LlamaCppBuild.Package, StringComparison.Ordinal))
            return Make("library_version", true, "It is a build of the user's own: its probe compares the layouts.", "", "");
        var known = string.Join(", ", LlamaCppPackages.EngineVersions);
        var failure = $"llama.cpp {runtime.EngineVersion} is none of those the worker was made for ({known}).";
        var meaning = !Version.TryParse(runtime.EngineVersion, out var version) ? Compatibility.InvalidLibraryVersionFormat
            : version < LlamaCppPackages.EngineVersions.Select(Version.Parse).Min() ? Compatibility.LibraryOutdated
            : Compatibility.IncompatibleBackendVersion;
        return Make("library_version", LlamaCppPackages.EngineVersions.Contains(runtime.EngineVersion),
            $"llama.cpp {runtime.EngineVersion} is one the worker was made for.", failure, $"Install one of {known}.") with
        { Meaning = meaning };
    }

    private static Predicate Make(string name, bool holds, string reason, string failure, string nextStep) =>
        new(name, holds, holds ? reason : failure, holds ? "" : nextStep);
}
