using System.Collections.Immutable;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Which runtime a format gets, and how choices follow from each other. Pure.</summary>
internal static class RuntimeSelection
{
    /// <summary>All runtimes with what is known of each, those that are selected marked.</summary>
    public static IReadOnlyList<RuntimeReport> Reports(RuntimeState state)
    {
        var reports = state.Installed.Select(runtime => ReportOf(state, runtime)).ToList();
        var selected = reports.Where(report => report.Usable)
            .SelectMany(report => report.Info!.Formats.Select(format => (report.Info.EngineId, Format: format)))
            .Distinct()
            .Select(key => Effective(state, reports, key.EngineId, key.Format)?.Info!.Id)
            .ToHashSet();
        return [.. reports.Select(report => report.Usable && selected.Contains(report.Info!.Id) ? report with { Selected = true } : report)];
    }

    /// <summary>
    /// What models of a format get on an engine: what was selected; where that does not work, what was before it; else the newest that
    /// works, and of one version the variant for a device before the one for the processor.
    /// </summary>
    public static RuntimeReport? Effective(RuntimeState state, IReadOnlyList<RuntimeReport> reports, string engineId, string format)
    {
        var usable = reports.Where(report => report.Usable && report.Info!.EngineId == engineId && report.Info.Formats.Contains(format)).ToList();
        var selection = state.Selected.GetValueOrDefault(format);
        return usable.FirstOrDefault(report => report.Info!.Id == selection?.RuntimeId)
            ?? usable.FirstOrDefault(report => report.Info!.Id == selection?.Previous)
            ?? usable.OrderByDescending(report => report.Info!.EngineVersion, RuntimeVersion.Order)
                .ThenByDescending(report => report.Info!.PackageVersion, RuntimeVersion.Order)
                .ThenByDescending(report => report.Info!.Variant != "cpu" && report.Warnings.Count == 0)
                .FirstOrDefault();
    }

    /// <summary>A user's choice. It also forgets that the runtime was once given up: whoever selects it wants it tried again.</summary>
    public static RuntimeState Select(RuntimeState state, RuntimeInfo runtime, bool? pinned, bool onTrial, string? before) => state with
    {
        Selected = state.Selected.SetItems(runtime.Formats.Select(format =>
        {
            var old = state.Selected.GetValueOrDefault(format);
            var previous = before is not null && before != runtime.Id ? before : old?.RuntimeId == runtime.Id ? old.Previous : old?.RuntimeId;
            return KeyValuePair.Create(format, new Selection(runtime.Id, pinned ?? old?.Pinned ?? false, previous, onTrial, null));
        })),
        Failed = state.Failed.Remove(runtime.Id),
    };

    /// <summary>Goes back to what was selected before; the one that is left can be gone forward to again.</summary>
    public static RuntimeState RollBack(RuntimeState state, string runtimeId, string notice) => state with
    {
        Selected = state.Selected.SetItems(state.Selected.Where(entry => entry.Value.RuntimeId == runtimeId && entry.Value.Previous is not null)
            .Select(entry => KeyValuePair.Create(
                entry.Key, entry.Value with { RuntimeId = entry.Value.Previous!, Previous = runtimeId, OnTrial = false, Notice = notice }))),
    };

    public static RuntimeState EndTrial(RuntimeState state, string runtimeId) =>
        state.Selected.Any(entry => entry.Value.OnTrial && entry.Value.RuntimeId == runtimeId)
            ? state with
            {
                Selected = state.Selected.SetItems(state.Selected.Where(entry => entry.Value.RuntimeId == runtimeId)
                    .Select(entry => KeyValuePair.Create(entry.Key, entry.Value with { OnTrial = false }))),
            }
            : state;

    /// <summary>A runtime that went away is chosen by nobody any more.</summary>
    public static RuntimeState Forget(RuntimeState state, string runtimeId) => state with
    {
        Selected = state.Selected
            .RemoveRange(state.Selected.Where(entry => entry.Value.RuntimeId == runtimeId).Select(entry => entry.Key))
            .SetItems(state.Selected.Where(entry => entry.Value.RuntimeId != runtimeId && entry.Value.Previous == runtimeId)
                .Select(entry => KeyValuePair.Create(entry.Key, entry.Value with { Previous = null }))),
        Overrides = state.Overrides.RemoveRange(state.Overrides.Where(entry => entry.Value == runtimeId).Select(entry => entry.Key)),
        Failed = state.Failed.Remove(runtimeId),
    };

    private static RuntimeReport ReportOf(RuntimeState state, InstalledRuntime runtime) =>
        new(runtime.Folder, runtime.Info, runtime.Predicates, runtime.Problem, Selected: false)
        {
            Bundled = runtime.Bundled,
            Survey = state.Surveys.GetValueOrDefault(runtime.Folder),
            Failed = runtime.Info is null ? null : state.Failed.GetValueOrDefault(runtime.Info.Id),
            Selection = state.Selected.Values.FirstOrDefault(selection => selection.RuntimeId == runtime.Info?.Id),
        };
}
