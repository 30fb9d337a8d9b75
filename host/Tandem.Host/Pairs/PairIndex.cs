using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Host.Models;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>Where verdicts outlive the process: by the ids of two tokenizer classes (<see cref="TokenizerClass.Id"/>).</summary>
internal interface IFitArchive
{
    Task<IReadOnlyDictionary<(string Main, string Draft), PairFit>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces what was there.</summary>
    Task SaveAsync(IReadOnlyDictionary<(string Main, string Draft), PairFit> fits, CancellationToken cancellationToken);
}

/// <summary>
/// Which draft fits which main model, for all listed models. One loop builds it in the background at every start and after every change
/// of the catalogue; readers get the last snapshot, from any thread. Rules are asked once per pair of tokenizer classes, ever.
/// </summary>
public sealed class PairIndex : BackgroundService
{
    private readonly ModelCatalogue _catalogue;
    private readonly PairIndexBuilder _builder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<IndexRequest> _requests = Channel.CreateUnbounded<IndexRequest>(new() { SingleReader = true });
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile PairIndexSnapshot _snapshot = PairIndexSnapshot.Empty;
    private int _refreshes;

    internal PairIndex(ModelCatalogue catalogue, PairIndexBuilder builder, TimeProvider time, ILogger<PairIndex> logger)
    {
        (_catalogue, _builder, _time, _logger) = (catalogue, builder, time, logger);
        catalogue.Published += OnPublished;
        OnPublished(catalogue.Snapshot);
    }

    /// <summary>Raised by the loop after every snapshot it publishes; handlers return at once.</summary>
    public event Action<PairIndexSnapshot>? Published;

    public PairIndexSnapshot Snapshot => _snapshot;

    /// <summary>Ready when the snapshot has all that the catalogue lists, and nobody has asked for a refresh that is not through.</summary>
    public PairIndexState State =>
        Volatile.Read(ref _refreshes) == 0 && _snapshot.Revision > 0 && _snapshot.Revision == _catalogue.Snapshot.Revision
            ? PairIndexState.Ready
            : PairIndexState.Identifying;

    /// <summary>Completes when the index is ready for the first time.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Reads every header and asks every rule again; completes when the index is ready.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var request = new IndexRequest(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Interlocked.Increment(ref _refreshes);
        try
        {
            await _catalogue.RescanAsync(forget: true, cancellationToken);
            if (_requests.Writer.TryWrite(request))
                await request.Refreshed!.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _refreshes);
        }
    }

    public override void Dispose()
    {
        _catalogue.Published -= OnPublished;
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var waiting = new List<TaskCompletionSource>();
        try
        {
            await Task.Yield();
            while (await _requests.Reader.WaitToReadAsync(stoppingToken))
            {
                while (_requests.Reader.TryRead(out var request))
                {
                    if (request.Refreshed is not null)
                        waiting.Add(request.Refreshed);
                }

                await BuildAsync(forget: waiting.Count > 0, stoppingToken);
                waiting.ForEach(reply => reply.TrySetResult());
                waiting.Clear();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
        finally
        {
            _requests.Writer.TryComplete();
            while (_requests.Reader.TryRead(out var request))
                request.Refreshed?.TrySetCanceled(CancellationToken.None);
            waiting.ForEach(reply => reply.TrySetCanceled(CancellationToken.None));
            _ready.TrySetCanceled(CancellationToken.None);
        }
    }

    private void OnPublished(CatalogueSnapshot catalogue)
    {
        if (catalogue.Complete)
            _requests.Writer.TryWrite(new IndexRequest(null));
    }

    private async Task BuildAsync(bool forget, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var catalogue = _catalogue.Snapshot;
        try
        {
            var snapshot = await _builder.BuildAsync(catalogue, forget, cancellationToken);
            PairLog.Indexed(_logger, snapshot.Models.Length, snapshot.Classes.Length, _time.GetElapsedTime(start).TotalSeconds);
            _snapshot = snapshot;
            Published?.Invoke(snapshot);
            _ready.TrySetResult();
            await _builder.RememberAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The last index stays, and says that it is not complete.
            PairLog.Failed(_logger, exception);
        }
    }

    private sealed record IndexRequest(TaskCompletionSource? Refreshed);
}
