using Microsoft.Extensions.Logging;

namespace Tandem.Host.Runtimes;

/// <summary>
/// Watches the first loads after an update: if one fails, what was selected before is selected again, by itself and with a notice.
/// One that succeeds ends the trial.
/// </summary>
public sealed class RuntimeTrials
{
    // What no other build of the engine could do better.
    private static readonly string[] NotTheRuntime =
        [FailureCodes.InsufficientMemory, FailureCodes.InvalidValue, FailureCodes.DraftEngineMismatch, FailureCodes.DraftVocabularyMismatch, FailureCodes.ModelUnloaded];

    private readonly RuntimeCatalogue _catalogue;
    private readonly RuntimeRecords _records;
    private readonly TimeProvider _clock;
    private readonly ILogger<RuntimeTrials> _logger;

    internal RuntimeTrials(RuntimeCatalogue catalogue, RuntimeRecords records, TimeProvider clock, ILogger<RuntimeTrials> logger) =>
        (_catalogue, _records, _clock, _logger) = (catalogue, records, clock, logger);

    /// <summary>A model was loaded on a runtime.</summary>
    public void OnLoaded(string runtimeId)
    {
        if (_catalogue.State.Selected.Values.Any(selection => selection.OnTrial && selection.RuntimeId == runtimeId))
            Save(_catalogue.Change(state => RuntimeSelection.EndTrial(state, runtimeId)));
    }

    /// <summary>True when that was a trial and the runtime before it is selected again: the load can be tried there.</summary>
    public bool OnLoadFailed(string runtimeId, string modelKey, Failure failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        if (NotTheRuntime.Contains(failure.Code))
            return false;
        var selection = _catalogue.State.Selected.Values.FirstOrDefault(one => one.OnTrial && one.RuntimeId == runtimeId);
        if (selection?.Previous is not { } previous || !_catalogue.Snapshot.Runtimes.Any(report => report.Usable && report.Info!.Id == previous))
            return false;
        var reason = $"{modelKey} did not load on it after the update: {failure.Message}";
        var notice = $"{runtimeId} was rolled back to {previous}: {reason}";
        RuntimeLog.RolledBack(_logger, notice);
        var failed = new FailedLoad(reason, _clock.GetUtcNow());
        Save(_catalogue.Change(state => RuntimeSelection.RollBack(state, runtimeId, notice) with { Failed = state.Failed.SetItem(runtimeId, failed) }));
        return true;
    }

    /// <summary>Behind the answer: nobody waits for the disk.</summary>
    private void Save(RuntimeState state) => _ = SaveAsync(state);

    private async Task SaveAsync(RuntimeState state)
    {
        try
        {
            await _records.SaveAsync(state, CancellationToken.None);
        }
        catch (Storage.StorageException exception)
        {
            RuntimeLog.OwnBug(_logger, exception, "keeping the selection of runtimes");
        }
    }
}
