using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Tandem.Host.Api.Management;

/// <summary>Engine plugins and the engine builds installed for them, each with its state and, if it cannot be used, the reason.</summary>
/// <param name="Overrides">Runtime id by model key, for models that do not get what their format gets.</param>
internal sealed record RuntimeList(
    IReadOnlyList<PluginItem> Plugins, IReadOnlyList<RuntimeItem> Runtimes, IReadOnlyDictionary<string, string> Overrides, SurveyedMachine Machine);

/// <param name="Id">Engine id.</param>
/// <param name="State"><c>loaded</c>, <c>incompatible</c> or <c>broken</c>.</param>
/// <param name="Reason">Null when loaded.</param>
internal sealed record PluginItem(
    string Id, string? Name, [property: AllowedValues("loaded", "incompatible", "broken")] string State, string? Reason, IReadOnlyList<string> Formats);

/// <param name="Id">E.g. <c>llama.cpp@0.5.0+3.22.1-cpu</c>; the folder's name when its manifest cannot be read.</param>
/// <param name="State"><c>checking</c>, <c>usable</c> or <c>unusable</c>.</param>
/// <param name="Compatibility">What speaks for or against it, as one name: <c>compatible</c>, <c>invalidCpuArchitecture</c>, …</param>
/// <param name="Reason">Null unless unusable.</param>
/// <param name="NextStep">What to do about it; null unless unusable.</param>
/// <param name="Selected">Models of its formats get it.</param>
internal sealed record RuntimeItem(
    string Id, [property: AllowedValues("checking", "usable", "unusable")] string State, string Compatibility, string? Reason, string? NextStep, bool Selected, string Folder)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Engine { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EngineVersion { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PackageVersion { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Formats { get; init; }

    /// <summary>It came with Tandem.</summary>
    public bool Bundled { get; init; }

    /// <summary>It works, but not as it was built to.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What newer versions of the engine can and this one cannot.</summary>
    public IReadOnlyList<MissingFeature> MissingFeatures { get; init; } = [];

    public IReadOnlyList<PredicateItem> Predicates { get; init; } = [];

    /// <summary>Null while it has not been probed.</summary>
    public ProbeItem? Probe { get; init; }

    /// <summary>The choice that made it selected; null when it only is the best there is.</summary>
    public SelectionItem? Selection { get; init; }

    public IReadOnlyList<RuntimeWorker> Workers { get; init; } = [];
}

/// <param name="Capability">As in the worker contract, e.g. <c>speculation.draft</c>.</param>
/// <param name="Since">Engine version that has it.</param>
internal sealed record MissingFeature(string Capability, string Since, string Message, string NextStep);

internal sealed record PredicateItem(string Name, bool Holds, string Reason, string NextStep);

/// <param name="Pid">Process that probed.</param>
internal sealed record ProbeItem(
    int Pid, DateTimeOffset At, double Seconds, string Version, IReadOnlyList<ProbeDevice> Devices, IReadOnlyList<string> CpuFeatures,
    IReadOnlyList<string> Libraries, IReadOnlyList<string> Broken);

internal sealed record ProbeDevice(string Name, string Description, string Kind, long MemoryTotal, long MemoryFree);

/// <param name="Pinned">Updates leave it alone.</param>
/// <param name="Previous">What a rollback goes back to.</param>
/// <param name="OnTrial">The first load that fails rolls it back.</param>
/// <param name="Notice">How it came to this, when that was not the user's doing.</param>
internal sealed record SelectionItem(bool Pinned, string? Previous, bool OnTrial, string? Notice);

internal sealed record RuntimeWorker(string Id, string Model, string State, int? Pid);

internal sealed record SurveyedMachine(
    string OperatingSystem, string Architecture, IReadOnlyList<string> CpuFeatures, IReadOnlyList<SurveyedAccelerator> Accelerators, long MemoryBytes);

internal sealed record SurveyedAccelerator(string Kind, string Name, string? DriverVersion, long MemoryBytes);

/// <summary>What can be installed on this machine.</summary>
internal sealed record AvailableRuntimes(IReadOnlyList<AvailableRuntime> Available);

/// <param name="Unfit">Why it would not work here; null when it should.</param>
internal sealed record AvailableRuntime(
    string Id, string Engine, string EngineVersion, string PackageVersion, string Variant, IReadOnlyList<string> Formats, bool Installed, string? Unfit,
    long DiskBytes);

/// <summary>What an installation or an update would do, or why it would do nothing.</summary>
/// <param name="Current">The selected one that is updated; null for an installation.</param>
/// <param name="Next">What is installed; null: nothing.</param>
internal sealed record RuntimePlan(string? Current, string? Next, string Text, long DiskBytes);

/// <summary>What <c>POST /api/tandem/runtimes</c> takes: a query or a path.</summary>
/// <param name="Query">Any beginning of an id.</param>
/// <param name="Path">A folder or an archive with a build of one's own.</param>
/// <param name="Wheels">Folder of Python packages to install from.</param>
/// <param name="DryRun">Only say what would be done.</param>
internal sealed record InstallRequest(string? Query, string? Path, string? Wheels, bool? DryRun);

/// <param name="Model">Only this model gets it.</param>
/// <param name="Pinned">Updates leave it alone.</param>
/// <param name="Clear">The model gets what its format gets again.</param>
internal sealed record SelectRequest(string? Model, bool? Pinned, bool? Clear);

internal sealed record UpdateRequest(bool? DryRun);

internal sealed record RemovedRuntime(string Id);

/// <summary>Result of a job that installs or updates.</summary>
/// <param name="AlreadyThere">It was installed and intact: nothing was done.</param>
internal sealed record InstalledRuntimeItem(string Id, bool AlreadyThere, bool Selected);

/// <summary>An event: so many of the installed runtimes have been surveyed.</summary>
internal sealed record RuntimeNews(int Surveyed, int Installed);
