using Microsoft.Extensions.Logging;

namespace Tandem.Host.Models;

/// <summary>
/// Says when something has changed below the model folders: once the changes have paused, or after a few seconds of them. What the
/// system's notifications miss (folders that are not there yet, links, network drives, more folders than it can watch) is covered by a
/// regular call.
/// </summary>
internal sealed class FolderWatcher : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Regular = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, FileSystemWatcher?> _watchers;
    private readonly Action _changed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _regular;
    private readonly ITimer _pause;
    private readonly Lock _gate = new();
    private long? _firstChange;
    private bool _disposed;

    /// <param name="changed">Called from any thread, never twice at a time for one burst.</param>
    public FolderWatcher(IEnumerable<string> folders, Action changed, TimeProvider time, ILogger logger)
    {
        _watchers = folders.Distinct(StringComparer.Ordinal).ToDictionary(folder => folder, _ => (FileSystemWatcher?)null);
        (_changed, _time, _logger) = (changed, time, logger);
        _pause = time.CreateTimer(_ => Report(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // At once, but not on this thread: the system needs a moment per folder. What changed until then is seen by the call that follows.
        _regular = time.CreateTimer(_ => OnRegular(), null, TimeSpan.Zero, Regular);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _regular.Dispose();
            _pause.Dispose();
            foreach (var watcher in _watchers.Values)
                watcher?.Dispose();
        }
    }

    private void OnRegular()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            foreach (var folder in _watchers.Keys.ToList())
                _watchers[folder] ??= Watch(folder);
        }

        Note();
    }

    private FileSystemWatcher? Watch(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(folder)
            {
                IncludeSubdirectories = true,
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
            };
            watcher.Created += (_, _) => Note();
            watcher.Deleted += (_, _) => Note();
            watcher.Renamed += (_, _) => Note();
            watcher.Changed += (_, _) => Note();
            watcher.Error += (_, error) => OnError(folder, error.GetException());
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            ModelLog.NotWatched(_logger, folder, exception.Message);
            watcher?.Dispose();
            return null;
        }
    }

    /// <summary>Too much at once, or the folder went away: watched anew at the next regular call.</summary>
    private void OnError(string folder, Exception exception)
    {
        ModelLog.NotWatched(_logger, folder, exception.Message);
        lock (_gate)
        {
            _watchers[folder]?.Dispose();
            _watchers[folder] = null;
        }

        Note();
    }

    private void Note()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _firstChange ??= _time.GetTimestamp();
            if (_time.GetElapsedTime(_firstChange.Value) < LongestPause)
                _pause.Change(Pause, Timeout.InfiniteTimeSpan);
        }
    }

    private void Report()
    {
        lock (_gate)
        {
            _firstChange = null;
            if (_disposed)
                return;
        }

        _changed();
    }
}
