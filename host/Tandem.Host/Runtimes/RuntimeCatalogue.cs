using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tandem.Host.Plugins;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Told of every change of what is installed, surveyed or selected, on whatever thread made it; returns at once.</summary>
public delegate void RuntimesChanged(int surveyed, int installed);

/// <summary>
/// The engine builds installed here, judged by their engine's plugin and by what their surveys found. The one owner of what is known of
/// them: the state is a value that is replaced whole, so readers need no lock and writers say how the next one comes from the last.
/// </summary>
public sealed class RuntimeCatalogue
{
    private readonly PluginCatalogue _plugins;
    private readonly RuntimeStore _store;
    private readonly RuntimesChanged _onChange;
    private readonly ILogger<RuntimeCatalogue> _logger;
    private RuntimeState _state;

    internal RuntimeCatalogue(PluginCatalogue plugins, RuntimeStore store, RuntimesChanged onChange, ILogger<RuntimeCatalogue> logger)
    {
        (_plugins, _store, _onChange, _logger) = (plugins, store, onChange, logger);
        Machine = MachineSurvey.Take();
        _state = new RuntimeState { Installed = Look() };
    }

    public MachineInfo Machine { get; }

    /// <summary>Runtimes as they are known now, plugins as they are now (one may have broken since).</summary>
    public RuntimeSnapshot Snapshot => new(Machine, _plugins.Report(), RuntimeSelection.Reports(State));

    internal RuntimeState State => Volatile.Read(ref _state);

    /// <summary>Looks again at what is installed. Surveys of what went away are forgotten.</summary>
    public void Refresh()
    {
        var installed = Look();
        var folders = installed.Select(runtime => runtime.Folder).ToHashSet();
        Change(state => state with
        {
            Installed = installed,
            Surveys = state.Surveys.RemoveRange(state.Surveys.Keys.Where(folder => !folders.Contains(folder))),
        });
    }

    /// <summary>
    /// The runtime for models of an engine: the one chosen for this model, the one selected for the format, else the best that works.
    /// A selected one that does not work is passed over; one chosen for a model is not.
    /// </summary>
    public RuntimeChoice Pick(string engineId, string? modelKey = null)
    {
        var state = State;
        var reports = RuntimeSelection.Reports(state);
        if (modelKey is not null && state.Overrides.GetValueOrDefault(modelKey) is { } wanted)
            return PickNamed(reports, engineId, wanted);
        if (reports.FirstOrDefault(report => report.Selected && report.Info!.EngineId == engineId) is { } chosen)
            return new RuntimeChoice.Found(chosen.Info!);
        if (_plugins.Find(engineId) is null)
            return Missing($"No engine plugin for '{engineId}' is installed.", "Install the plugin, or choose a model of another engine.");
        var unusable = reports.FirstOrDefault(report => report.Info?.EngineId == engineId && !report.Usable);
        return unusable is null
            ? Missing($"No runtime for engine '{engineId}' is installed.", $"Install one: tandem runtime get {engineId}")
            : new RuntimeChoice.Missing(Unusable($"No installed runtime of engine '{engineId}' works on this machine; {unusable.Info!.Id}", unusable));
    }

    /// <summary>A runtime that was chosen by its whole id for a model of an engine.</summary>
    internal RuntimeChoice PickNamed(string engineId, string id) => PickNamed(RuntimeSelection.Reports(State), engineId, id);

    /// <summary>One installed runtime by any beginning of its id that fits no other.</summary>
    public RuntimeLookup Find(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var reports = Snapshot.Runtimes;
        var matches = reports.Where(report => IdOf(report).StartsWith(query, StringComparison.OrdinalIgnoreCase)).ToList();
        var exact = matches.FirstOrDefault(report => IdOf(report).Equals(query, StringComparison.OrdinalIgnoreCase));
        return (exact, matches) switch
        {
            ({ } whole, _) => new RuntimeLookup.Found(whole),
            (_, [var only]) => new RuntimeLookup.Found(only),
            (_, []) => new RuntimeLookup.NotFound(new Failure(
                FailureCodes.RuntimeNotFound, $"No installed runtime is called '{query}'; installed: {Names(reports)}.",
                NextStep: $"Install it: tandem runtime get {query}")),
            _ => new RuntimeLookup.NotFound(new Failure(
                FailureCodes.InvalidValue, $"'{query}' fits several runtimes: {Names(matches)}.", "id", "Give more of the id.")),
        };
    }

    /// <summary>The one way anything here changes.</summary>
    internal RuntimeState Change(Func<RuntimeState, RuntimeState> change)
    {
        RuntimeState before, after;
        do
        {
            before = State;
            after = change(before);
        }
        while (Interlocked.CompareExchange(ref _state, after, before) != before);
        _onChange(after.Surveys.Count, after.Installed.Length);
        return after;
    }

    internal static string IdOf(RuntimeReport report) => report.Info?.Id ?? Path.GetFileName(report.Folder);

    private static string Names(IEnumerable<RuntimeReport> reports) => string.Join(", ", reports.Select(IdOf)) is { Length: > 0 } names ? names : "none";

    private static RuntimeChoice PickNamed(IReadOnlyList<RuntimeReport> reports, string engineId, string id)
    {
        if (reports.FirstOrDefault(report => IdOf(report) == id) is not { Info: { } info } report)
            return Missing($"The runtime {id}, chosen for this model, is not installed.", $"Install it (tandem runtime get {id}) or choose another for the model.");
        if (info.EngineId != engineId)
            return Missing($"The runtime {id}, chosen for this model, is of engine '{info.EngineId}', and the model needs '{engineId}'.", "Choose another for the model.");
        return report.Usable
            ? new RuntimeChoice.Found(info)
            : new RuntimeChoice.Missing(Unusable($"The runtime {id}, chosen for this model, does not work", report));
    }

    private static RuntimeChoice.Missing Missing(string message, string nextStep) =>
        new(new Failure(FailureCodes.RuntimeNotFound, message, NextStep: nextStep));

    private static Failure Unusable(string what, RuntimeReport report) => new(
        report.Predicates.Any(predicate => !predicate.Holds) ? FailureCodes.RuntimeNotFound : FailureCodes.RuntimeBroken,
        $"{what}: {report.Reason?.TrimEnd('.')}.",
        NextStep: report.NextStep is { Length: > 0 } advice ? advice : $"Install another: tandem runtime get {report.Info?.EngineId}");

    private ImmutableArray<InstalledRuntime> Look() =>
        [.. _store.List().Select(Judge).DistinctBy(runtime => runtime.Info?.Id ?? runtime.Folder)];

    private InstalledRuntime Judge(string folder)
    {
        var bundled = _store.IsBundled(folder);
        var info = RuntimeManifest.Read(folder, out var reason);
        if (info is null)
        {
            RuntimeLog.Unreadable(_logger, folder, reason);
            return new InstalledRuntime(folder, null, [], reason, bundled);
        }

        var (predicates, problem) = Examine(info);
        if ((problem ?? predicates.FirstOrDefault(predicate => !predicate.Holds)?.Reason) is { } why)
            RuntimeLog.NotUsable(_logger, info.Id, why);
        return new InstalledRuntime(folder, info, predicates, problem, bundled);
    }

    /// <summary>What can be told without running anything; or why not even that.</summary>
    internal (IReadOnlyList<Predicate> Predicates, string? Problem) Examine(RuntimeInfo info)
    {
        if (_plugins.Find(info.EngineId) is not { } plugin)
            return ([], $"no plugin of engine '{info.EngineId}' is loaded");
        return plugin.Call($"surveying runtime {info.Id}", p => p.Survey(info, Machine)) switch
        {
            PluginCall<IReadOnlyList<Predicate>>.Returned returned => ([.. returned.Value, RuntimeConditions.Protocol(info)], null),
            PluginCall<IReadOnlyList<Predicate>>.Failed failed => ([], failed.Failure.Message),
            _ => throw new InvalidOperationException("a plugin call has two outcomes"),
        };
    }
}

/// <summary>Outcome of looking for an installed runtime by name.</summary>
public abstract record RuntimeLookup
{
    public sealed record Found(RuntimeReport Report) : RuntimeLookup;

    /// <summary>None of that name, or several.</summary>
    public sealed record NotFound(Failure Failure) : RuntimeLookup;
}
