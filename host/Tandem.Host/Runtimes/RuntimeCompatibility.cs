using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Sums up what was found out about a runtime in one name.</summary>
internal static class RuntimeCompatibility
{
    public static Compatibility Of(RuntimeReport report)
    {
        if (report.Problem is not null)
            return Compatibility.Unknown;
        if (report.Predicates.FirstOrDefault(predicate => !predicate.Holds) is { } failing)
            return failing.Meaning ?? Named(failing.Name);
        if (report.Survey?.Damage is not null)
            return Compatibility.MissingLibraries;
        if (report.Survey?.Probe?.Works == false || report.Failed is not null)
            return Compatibility.ErrorCheckingCompatibility;
        return report.Warnings.Count > 0 ? Compatibility.GpuSurveyUnsuccessful
            : report.IsChecking ? Compatibility.Unknown
            : Compatibility.Compatible;
    }

    private static Compatibility Named(string predicate) => predicate switch
    {
        "system" => Compatibility.IncompatiblePlatform,
        "architecture" => Compatibility.InvalidCpuArchitecture,
        "cpu_features" => Compatibility.InvalidCpuInstructionSetExtensions,
        "driver" => Compatibility.GpuDriverUnsupported,
        "library_version" => Compatibility.IncompatibleBackendVersion,
        "protocol" => Compatibility.IncompatibleAppVersion,
        "files" => Compatibility.MissingLibraries,
        _ => Compatibility.ErrorCheckingCompatibility,
    };
}
