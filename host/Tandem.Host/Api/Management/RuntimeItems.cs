using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Api.Management;

/// <summary>Maps what is known of runtimes to what is sent.</summary>
internal static class RuntimeItems
{
    public static RuntimeList List(RuntimeSnapshot snapshot, IReadOnlyDictionary<string, string> overrides, IReadOnlyList<WorkerSnapshot> workers) => new(
        [.. snapshot.Plugins.Select(plugin => new PluginItem(
            plugin.Id, plugin.Engine?.DisplayName, plugin.State, plugin.Reason, plugin.Engine?.Formats ?? []))],
        [.. snapshot.Runtimes.Select(report => Item(report, snapshot.Plugins, workers))],
        overrides,
        MachineOf(snapshot.Machine));

    public static RuntimeItem Item(RuntimeReport report, IReadOnlyList<PluginReport> plugins, IReadOnlyList<WorkerSnapshot> workers) => new(
        RuntimeCatalogue.IdOf(report),
        report.IsChecking ? "checking" : report.Usable ? "usable" : "unusable",
        CamelCase(report.Compatibility.ToString()),
        report.Usable ? null : report.Reason,
        report.NextStep,
        report.Selected,
        report.Folder)
    {
        Engine = report.Info?.EngineId,
        EngineVersion = report.Info?.EngineVersion,
        PackageVersion = report.Info?.PackageVersion,
        Variant = report.Info?.Variant,
        Formats = report.Info?.Formats,
        Bundled = report.Bundled,
        Warnings = report.Warnings,
        MissingFeatures = MissingFeatures(report, plugins),
        Predicates = [.. report.Predicates.Select(predicate => new PredicateItem(predicate.Name, predicate.Holds, predicate.Reason, predicate.NextStep))],
        Probe = report.Survey?.Probe is { } probe
            ? new ProbeItem(probe.Pid, probe.At, probe.Seconds, probe.Version,
                [.. probe.Devices.Select(device => new ProbeDevice(device.Name, device.Description, device.Kind, device.MemoryTotal, device.MemoryFree))],
                probe.CpuFeatures, probe.Libraries, probe.Broken)
            : null,
        Selection = report.Selection is { } selection
            ? new SelectionItem(selection.Pinned, selection.Previous, selection.OnTrial, selection.Notice)
            : null,
        Workers = [.. workers.Where(worker => worker.RuntimeId == report.Info?.Id)
            .Select(worker => new RuntimeWorker(worker.WorkerId, worker.ModelKey, CamelCase(worker.State.ToString()), worker.Pid))],
    };

    public static AvailableRuntime Available(InstallRecipe recipe, IReadOnlySet<string> installed) => new(
        recipe.Runtime.Id, recipe.Runtime.EngineId, recipe.Runtime.EngineVersion, recipe.Runtime.PackageVersion, recipe.Runtime.Variant,
        recipe.Runtime.Formats, installed.Contains(recipe.Runtime.Id), recipe.Unfit, recipe.DiskBytes);

    private static IReadOnlyList<MissingFeature> MissingFeatures(RuntimeReport report, IReadOnlyList<PluginReport> plugins) =>
        report.Info is { } info && plugins.FirstOrDefault(plugin => plugin.Id == info.EngineId)?.Engine is { } engine
            ? [.. from feature in engine.CapabilitySince
                  where RuntimeVersion.Order.Compare(info.EngineVersion, feature.Value) < 0
                  let failure = OutdatedRuntime.FailureFor(engine, info, feature.Key)
                  select new MissingFeature(feature.Key, feature.Value, failure.Message, failure.NextStep ?? "")]
            : [];

    private static SurveyedMachine MachineOf(MachineInfo machine) => new(
        machine.OperatingSystem, machine.Architecture, [.. machine.CpuFeatures.Order(StringComparer.Ordinal)],
        [.. machine.Accelerators.Select(one => new SurveyedAccelerator(one.Kind, one.Name, one.DriverVersion, one.MemoryBytes))], machine.MemoryBytes);

    private static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
