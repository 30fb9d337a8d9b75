using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>Where descriptions outlive the process, by identity of the files they were made of.</summary>
internal interface IDescriptionArchive
{
    Task<IReadOnlyList<KeyValuePair<string, ModelDescription>>> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces what was there.</summary>
    Task SaveAsync(IReadOnlyList<KeyValuePair<string, ModelDescription>> descriptions, CancellationToken cancellationToken);
}

/// <summary>What a catalogue works with besides its folders; what is null is not there.</summary>
/// <param name="Descriptions">Keeps descriptions over restarts.</param>
/// <param name="Vocabularies">Where token texts go and come from.</param>
/// <param name="Defaults">The user's defaults of a model, by key; laid over those that ship with it.</param>
internal sealed record CatalogueTools(
    IDescriptionArchive? Descriptions = null, VocabularyStore? Vocabularies = null, Func<string, ModelDefaults?>? Defaults = null);

/// <summary>
/// The models of all model folders. One loop scans, at start, when a folder changes and when asked; everyone else reads the snapshot it
/// last published, from any thread.
/// </summary>
public sealed class ModelCatalogue : BackgroundService
{
    private readonly IReadOnlyList<ModelFolder> _folders;
    private readonly CatalogueBuilder _builder;
    private readonly CatalogueTools _tools;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Channel<ScanRequest> _requests = Channel.CreateUnbounded<ScanRequest>();
    private volatile CatalogueSnapshot _snapshot = CatalogueSnapshot.Empty;

    /// <param name="folders">First one first, as <see cref="ModelFolder.Of"/> lists them.</param>
    /// <param name="plugins">The usable plugins; asked at every scan.</param>
    internal ModelCatalogue(
        IReadOnlyList<ModelFolder> folders, Func<IReadOnlyList<IEnginePlugin>> plugins, CatalogueTools tools,
        TimeProvider time, ILogger<ModelCatalogue> logger)
    {
        (_folders, _tools, _time, _logger) = (folders, tools, time, logger);
        Vocabularies = tools.Vocabularies ?? new VocabularyStore(null);
        _builder = new CatalogueBuilder(folders, plugins, Vocabularies, time, logger);
    }

    /// <summary>Raised by the loop after every snapshot it publishes; handlers return at once.</summary>
    public event Action<CatalogueSnapshot>? Published;

    /// <summary>Completes when the first scan is through; until then models are missing because they are not known yet.</summary>
    public Task Ready => _ready.Task;

    public CatalogueSnapshot Snapshot => _snapshot;

    /// <summary>Token texts of the listed models.</summary>
    public VocabularyStore Vocabularies { get; }

    /// <summary>Finds a model by key, short form or instance id in the present snapshot.</summary>
    public ModelResolution Resolve(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var resolution = ModelResolver.Resolve(_snapshot.Models, name);
        return resolution is ModelResolution.Found found ? new ModelResolution.Found(WithDefaults(found.Model)) : resolution;
    }

    /// <summary>As <see cref="Resolve"/>; waits for the first scan unless the model is described already and named by its key.</summary>
    public async Task<ModelResolution> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!_snapshot.Complete
            && _snapshot.Models.FirstOrDefault(model => !model.Shadowed && model.Key == name) is { Description: not null } model)
            return new ModelResolution.Found(WithDefaults(model));
        await Ready.WaitAsync(cancellationToken);
        return Resolve(name);
    }

    /// <summary>The entry with the user's defaults over those that ship with it.</summary>
    public ModelEntry WithDefaults(ModelEntry model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model with { Defaults = _tools.Defaults?.Invoke(model.Key)?.Over(model.Shipped) ?? model.Shipped };
    }

    /// <summary>Scans again and completes when a scan that began after this call is published.</summary>
    /// <param name="forget">Read all headers again, also of files that have not changed.</param>
    public async Task RescanAsync(bool forget, CancellationToken cancellationToken)
    {
        var request = new ScanRequest(forget, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (_requests.Writer.TryWrite(request))
            await request.Done.Task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var waiting = new List<ScanRequest>();
        // The start of the host must not wait for the disk.
        await Task.Yield();
        using var watcher = new FolderWatcher(
            _folders.Where(folder => !folder.Embedded).Select(folder => folder.Path), () => _requests.Writer.TryWrite(new ScanRequest(false, new TaskCompletionSource())), _time, _logger);
        try
        {
            await ScanAsync(await RememberedAsync(stoppingToken), stoppingToken);
            while (await _requests.Reader.WaitToReadAsync(stoppingToken))
            {
                TakeRequests(waiting);
                var forget = waiting.Exists(request => request.Forget);
                await ScanAsync(forget ? _snapshot with { Described = CatalogueSnapshot.Empty.Described } : _snapshot, stoppingToken);
                waiting.ForEach(request => request.Done.TrySetResult());
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
            TakeRequests(waiting);
            waiting.ForEach(request => request.Done.TrySetCanceled(CancellationToken.None));
            _ready.TrySetCanceled(CancellationToken.None);
        }
    }

    private void TakeRequests(List<ScanRequest> waiting)
    {
        while (_requests.Reader.TryRead(out var request))
            waiting.Add(request);
    }

    private async Task ScanAsync(CatalogueSnapshot previous, CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = await _builder.BuildAsync(previous, Publish, cancellationToken);
            if (snapshot.Revision != _snapshot.Revision)
            {
                Publish(snapshot);
                _ready.TrySetResult();
                await RememberAsync(previous, snapshot, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            ModelLog.ScanFailed(_logger, exception);
            if (!_snapshot.Complete)
                Publish(_snapshot with { Complete = true });
        }
        _ready.TrySetResult();
    }

    private void Publish(CatalogueSnapshot snapshot)
    {
        _snapshot = snapshot;
        Published?.Invoke(snapshot);
    }

    private async Task<CatalogueSnapshot> RememberedAsync(CancellationToken cancellationToken)
    {
        if (_tools.Descriptions is not { } archive)
            return CatalogueSnapshot.Empty;
        try
        {
            var described = (await archive.LoadAsync(cancellationToken))
                .Select(entry => KeyValuePair.Create(entry.Key, (DescribeResult)new DescribeResult.Described(entry.Value, null)));
            return CatalogueSnapshot.Empty with { Described = described.ToImmutableDictionary() };
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A cache may be lost at any time.
            ModelLog.CacheUnusable(_logger, "read", exception.Message);
            return CatalogueSnapshot.Empty;
        }
    }

    private async Task RememberAsync(CatalogueSnapshot previous, CatalogueSnapshot snapshot, CancellationToken cancellationToken)
    {
        var described = snapshot.Described.Where(entry => entry.Value is DescribeResult.Described)
            .Select(entry => KeyValuePair.Create(entry.Key, ((DescribeResult.Described)entry.Value).Model)).ToList();
        if (_tools.Descriptions is not { } archive
            || described.Count == previous.Described.Count && described.TrueForAll(entry => previous.Described.ContainsKey(entry.Key)))
            return;
        try
        {
            await archive.SaveAsync(described, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            ModelLog.CacheUnusable(_logger, "written", exception.Message);
        }
    }

    private sealed record ScanRequest(bool Forget, TaskCompletionSource Done);
}
