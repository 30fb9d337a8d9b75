using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Host.Jobs;
using Tandem.Host.Runtimes.Install;
using Tandem.Host.Storage;

namespace Tandem.Host.Runtimes;

/// <summary>
/// Updates the selected runtimes once, after the checks of the start, if the user has set so; never while Tandem runs. What was given up
/// after an earlier update is not tried again by itself.
/// </summary>
internal sealed class AutomaticUpdate(
    HostOptions options, RuntimeCatalogue catalogue, RuntimeChecks checks, RuntimeManager manager, JobService jobs, SettingsStore settings,
    ILogger<AutomaticUpdate> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Completes when there is nothing more to come.</summary>
    public Task Done { get; private set; } = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Lasting)
            Done = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Done.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        try
        {
            await checks.Surveyed.WaitAsync(_stop.Token);
            await settings.Loaded.WaitAsync(_stop.Token);
            if (!settings.Get<bool>(RuntimeSettings.AutoUpdate))
                return;
            foreach (var plan in manager.PlanUpdates(null).Where(plan => plan.Recipe is { } recipe && !catalogue.State.Failed.ContainsKey(recipe.Runtime.Id)))
                await jobs.Start("runtime.update", plan.Text, (job, token) => UpdateAsync(plan, job, token)).Ended.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The host stops; it has ended the job.
        }
        catch (Exception exception)
        {
            RuntimeLog.OwnBug(logger, exception, "the automatic update");
        }
    }

    private async Task<JobOutcome> UpdateAsync(UpdatePlan plan, Job job, CancellationToken cancellationToken)
    {
        var outcome = await manager.UpdateAsync(plan, (int)settings.Get<long>(RuntimeSettings.KeepOld), new JobProgress(job), cancellationToken);
        if (outcome is not InstallOutcome.Failed failed)
            return new JobOutcome.Succeeded();
        RuntimeLog.UpdateFailed(logger, $"{plan.Text}: {failed.Failure.Message}");
        return new JobOutcome.Failed(failed.Failure);
    }
}
