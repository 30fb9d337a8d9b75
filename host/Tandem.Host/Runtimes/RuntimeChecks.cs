using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Host.Runtimes.Survey;

namespace Tandem.Host.Runtimes;

/// <summary>
/// Brings the catalogue to life at the start, and checks runtimes behind it: choices are read before the host listens (a handful of rows);
/// litter is swept and every runtime surveyed while it already serves.
/// </summary>
internal sealed class RuntimeChecks(
    RuntimeCatalogue catalogue, RuntimeStore store, RuntimeSurveyor surveyor, RuntimeRecords records, TimeProvider clock, ILogger<RuntimeChecks> logger)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Completes when the sweep of the start has ended: only then may something be installed.</summary>
    public Task Swept { get; private set; } = Task.CompletedTask;

    /// <summary>Completes when every runtime that was there at the start has been surveyed.</summary>
    public Task Surveyed { get; private set; } = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var kept = await records.LoadAsync(cancellationToken);
            catalogue.Change(state => state with { Selected = kept.Selected, Overrides = kept.Overrides, Failed = kept.Failed });
        }
        catch (Storage.StorageException)
        {
            // The storage says so itself; without choices the best of each engine is taken.
        }

        Swept = GuardAsync("sweeping", () => Task.Run(() => store.Sweep(clock.GetUtcNow().UtcDateTime), _stop.Token));
        Surveyed = GuardAsync("surveying runtimes", () => SurveyAllAsync(fresh: false, _stop.Token));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(Swept, Surveyed);
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Surveys what can work here at all, several at a time.</summary>
    public Task SurveyAllAsync(bool fresh, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        catalogue.Snapshot.Runtimes.Where(CanBeSurveyed), cancellationToken,
        async (report, token) => await SurveyAsync(report, fresh, token));

    /// <summary>Surveys one runtime; its manifest is read again first.</summary>
    public async Task<RuntimeReport> SurveyAsync(RuntimeReport report, bool fresh, CancellationToken cancellationToken)
    {
        if (fresh)
        {
            catalogue.Refresh();
            report = catalogue.Snapshot.Runtimes.FirstOrDefault(now => now.Folder == report.Folder) ?? report;
        }

        if (CanBeSurveyed(report))
        {
            var result = await surveyor.SurveyAsync(report.Info!, catalogue.Machine, fresh, cancellationToken);
            catalogue.Change(state => state with { Surveys = state.Surveys.SetItem(report.Folder, result) });
            if (!result.Works)
                RuntimeLog.NotUsable(logger, report.Info!.Id, result.Damage ?? result.Probe!.Broken[0]);
        }

        return catalogue.Snapshot.Runtimes.FirstOrDefault(now => now.Folder == report.Folder) ?? report;
    }

    private static bool CanBeSurveyed(RuntimeReport report) =>
        report.Info is not null && report.Problem is null && report.Predicates.All(predicate => predicate.Holds);

    private async Task GuardAsync(string what, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
        catch (Exception exception)
        {
            RuntimeLog.OwnBug(logger, exception, what);
        }
    }
}
