using Microsoft.Extensions.Logging;
using Tandem.Host.Runtimes.Install;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>What users do with installed runtimes: select, update, roll back, remove.</summary>
internal sealed class RuntimeManager(
    RuntimeCatalogue catalogue, RuntimeStore store, RuntimeOffers offers, RuntimeInstaller installer, RuntimeRecords records, IRuntimeUsers users,
    ILogger<RuntimeManager> logger)
{
    /// <summary>Models of the runtime's formats get it from their next load on; running workers keep theirs.</summary>
    /// <param name="modelKey">Only this model gets it; null: all of its formats.</param>
    /// <param name="pinned">Whether updates leave the choice alone; null: as before.</param>
    public async Task<Failure?> SelectAsync(RuntimeReport report, string? modelKey, bool? pinned, CancellationToken cancellationToken)
    {
        if (report.Info is not { } info || !(report with { Failed = null }).Usable)
        {
            return new Failure(FailureCodes.RuntimeBroken, $"{RuntimeCatalogue.IdOf(report)} cannot be used: {report.Reason?.TrimEnd('.')}.", NextStep: report.NextStep);
        }

        var state = catalogue.Change(state => modelKey is null
            ? RuntimeSelection.Select(state, info, pinned, onTrial: false, EffectiveId(info))
            : state with { Overrides = state.Overrides.SetItem(modelKey, info.Id) });
        await records.SaveAsync(state, cancellationToken);
        RuntimeLog.Selected(logger, modelKey ?? string.Join(", ", info.Formats), info.Id);
        return null;
    }

    /// <summary>A model gets what its format gets again.</summary>
    public Task ForgetOverrideAsync(string modelKey, CancellationToken cancellationToken) =>
        records.SaveAsync(catalogue.Change(state => state with { Overrides = state.Overrides.Remove(modelKey) }), cancellationToken);

    /// <summary>Goes back to what was selected before this one.</summary>
    public async Task<(string? Now, Failure? Failure)> RollBackAsync(RuntimeReport report, CancellationToken cancellationToken)
    {
        var id = RuntimeCatalogue.IdOf(report);
        if (report.Selection?.Previous is not { } previous)
            return (null, new Failure(FailureCodes.InvalidValue, $"There is nothing to roll {id} back to.", "id", "Select another runtime: tandem runtime ls"));
        if (catalogue.Find(previous) is not RuntimeLookup.Found { Report.Usable: true })
        {
            return (null, new Failure(FailureCodes.RuntimeNotFound, $"{previous}, which was selected before {id}, cannot be used any more.",
                NextStep: $"Install it again (tandem runtime get {previous}), or select another: tandem runtime ls"));
        }

        await records.SaveAsync(
            catalogue.Change(state => RuntimeSelection.RollBack(state, id, $"Rolled back from {id} by the user.")), cancellationToken);
        return (previous, null);
    }

    /// <summary>Why a runtime cannot be removed; null when it can.</summary>
    public Failure? CanRemove(RuntimeReport report)
    {
        var id = RuntimeCatalogue.IdOf(report);
        return report.Bundled
            ? new Failure(FailureCodes.InvalidValue, $"{id} came with Tandem and cannot be removed.", "id", "Select another runtime; this one then lies idle.")
            : InUse(id);
    }

    /// <summary>Deletes a runtime that nobody uses and that did not come with the build.</summary>
    public async Task<Failure?> RemoveAsync(RuntimeReport report, CancellationToken cancellationToken)
    {
        var id = RuntimeCatalogue.IdOf(report);
        if (CanRemove(report) is { } refusal)
            return refusal;
        var trash = store.MoveToTrash(report.Folder);
        // A load may have begun meanwhile.
        if (InUse(id) is { } taken)
        {
            Directory.Move(trash, report.Folder);
            return taken;
        }

        catalogue.Refresh();
        await records.SaveAsync(catalogue.Change(state => RuntimeSelection.Forget(state, id)), cancellationToken);
        store.Delete(trash);
        RuntimeLog.Removed(logger, id);
        return null;
    }

    /// <summary>What an update would do: for each selected runtime that matches, the newest of its engine and variant.</summary>
    /// <param name="query">Beginning of an id; null: all that are selected.</param>
    public IReadOnlyList<UpdatePlan> PlanUpdates(string? query) =>
    [
        .. from report in catalogue.Snapshot.Runtimes
           where report.Selected && report.Info!.Id.StartsWith(query ?? "", StringComparison.OrdinalIgnoreCase)
           let newest = offers.Find(report.Info!.EngineId + "@").FirstOrDefault(offer => offer.Unfit is null && offer.Runtime.Variant == report.Info.Variant)
           select PlanFor(report, newest),
    ];

    /// <summary>Installs what a plan names and selects it on trial: the first load that fails rolls it back.</summary>
    /// <param name="keptOld">How many older ones of the same engine and variant stay.</param>
    public async Task<InstallOutcome> UpdateAsync(UpdatePlan plan, int keptOld, IProgress<InstallProgress> progress, CancellationToken cancellationToken)
    {
        if (plan.Recipe is not { } recipe)
            return new InstallOutcome.Installed(plan.Current, AlreadyThere: true);
        var outcome = await installer.InstallAsync(recipe, progress, cancellationToken);
        if (outcome is not InstallOutcome.Installed { Id: var id } || catalogue.Find(id) is not RuntimeLookup.Found { Report.Info: { } info })
            return outcome;
        await records.SaveAsync(catalogue.Change(state => RuntimeSelection.Select(state, info, null, onTrial: true, plan.Current)), cancellationToken);
        RuntimeLog.Selected(logger, string.Join(", ", info.Formats), id);
        await PruneAsync(info, keptOld, cancellationToken);
        return outcome;
    }

    private static UpdatePlan PlanFor(RuntimeReport report, InstallRecipe? newest)
    {
        var current = report.Info!;
        if (newest is null || !IsNewer(newest.Runtime, current))
            return new UpdatePlan(current.Id, null, $"{current.Id} is up to date.");
        return report.Selection?.Pinned == true
            ? new UpdatePlan(current.Id, null, $"{current.Id} is pinned; {newest.Runtime.Id} is there.")
            : new UpdatePlan(current.Id, newest, $"{current.Id} → {newest.Runtime.Id}");
    }

    private static bool IsNewer(RuntimeInfo one, RuntimeInfo other)
    {
        var engine = RuntimeVersion.Order.Compare(one.EngineVersion, other.EngineVersion);
        return engine > 0 || (engine == 0 && RuntimeVersion.Order.Compare(one.PackageVersion, other.PackageVersion) > 0);
    }

    private async Task PruneAsync(RuntimeInfo current, int kept, CancellationToken cancellationToken)
    {
        var state = catalogue.State;
        var wanted = state.Selected.Values.SelectMany(selection => new[] { selection.RuntimeId, selection.Previous }).Concat(state.Overrides.Values).ToHashSet();
        var old = catalogue.Snapshot.Runtimes
            .Where(report => !report.Bundled && report.Info is { } info && info.EngineId == current.EngineId && info.Variant == current.Variant && IsNewer(current, info))
            .OrderByDescending(report => report.Info!.EngineVersion, RuntimeVersion.Order)
            .ThenByDescending(report => report.Info!.PackageVersion, RuntimeVersion.Order)
            .Skip(kept)
            .Where(report => !wanted.Contains(report.Info!.Id));
        foreach (var report in old.ToList())
            await RemoveAsync(report, cancellationToken);
    }

    private string? EffectiveId(RuntimeInfo info) =>
        catalogue.Snapshot.Runtimes.FirstOrDefault(report => report.Selected && report.Info!.Formats.Intersect(info.Formats).Any())?.Info?.Id;

    private Failure? InUse(string id) => users.WorkersOn(id) is { Count: > 0 } workers
        ? new Failure(FailureCodes.RuntimeInUse, $"{id} is in use by {workers.Count} worker(s).", "id", "Unload their models first: tandem unload --all")
        : null;
}

/// <summary>What an update does about one selected runtime.</summary>
/// <param name="Recipe">Null: nothing, and <paramref name="Text"/> says why.</param>
internal sealed record UpdatePlan(string Current, InstallRecipe? Recipe, string Text);
