using Microsoft.Extensions.Hosting;

namespace Tandem.Host.Workers;

/// <summary>Ends what a supervisor of this home that is gone left behind, before this one starts workers of its own.</summary>
internal sealed class OrphanSweep(Ledger ledger, WorkerTimes times) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => ledger.SweepAsync(times, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
