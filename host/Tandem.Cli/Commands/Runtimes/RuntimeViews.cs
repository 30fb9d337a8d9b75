using System.Text.Json;

namespace Tandem.Cli.Commands.Runtimes;

/// <summary>The parts of the host's answers about runtimes that the commands look at.</summary>
internal sealed record RuntimeListView(IReadOnlyList<RuntimeView> Runtimes, IReadOnlyList<PluginView> Plugins, JsonElement? Machine);

/// <param name="State"><c>loaded</c>, <c>incompatible</c> or <c>broken</c>.</param>
internal sealed record PluginView(string Id, string State, string? Reason);

/// <param name="State"><c>checking</c>, <c>usable</c> or <c>unusable</c>.</param>
internal sealed record RuntimeView(
    string Id, string State, string Compatibility, string? Reason, string? NextStep, bool Selected, bool Bundled, IReadOnlyList<string>? Formats,
    IReadOnlyList<string>? Warnings, IReadOnlyList<MissingFeatureView>? MissingFeatures, ProbeView? Probe, RuntimeSelectionView? Selection);

internal sealed record MissingFeatureView(string Message, string NextStep);

internal sealed record ProbeView(double Seconds, string Version, IReadOnlyList<ProbeDeviceView> Devices);

internal sealed record ProbeDeviceView(string Name, string Description, long MemoryTotal);

internal sealed record RuntimeSelectionView(bool Pinned, string? Previous, string? Notice);

internal sealed record AvailableRuntimesView(IReadOnlyList<AvailableRuntimeView> Available);

internal sealed record AvailableRuntimeView(string Id, bool Installed, string? Unfit, long DiskBytes);

internal sealed record RuntimePlanView(string? Current, string? Next, string Text, long DiskBytes);

internal sealed record InstalledRuntimeView(string Id, bool AlreadyThere, bool Selected);

internal sealed record RemovedRuntimeView(string Id);

/// <summary>What the commands send; what is null is left out.</summary>
internal sealed record RuntimeRequestBody
{
    public string? Query { get; init; }
    public string? Path { get; init; }
    public string? Wheels { get; init; }
    public bool? DryRun { get; init; }
    public string? Model { get; init; }
    public bool? Pinned { get; init; }

    public ReadOnlyMemory<byte> ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CliJson.Default.RuntimeRequestBody);
}
