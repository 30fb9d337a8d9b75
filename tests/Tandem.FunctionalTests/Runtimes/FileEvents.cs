namespace Tandem.FunctionalTests.Runtimes;

/// <summary>Counts what happens to files below a folder.</summary>
internal sealed class FileEvents : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private volatile int _wanted = int.MaxValue;

    public FileEvents(string folder)
    {
        _watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true, InternalBufferSize = 64 * 1024 };
        _watcher.Created += (_, _) => Add();
        _watcher.Deleted += (_, _) => Add();
        _watcher.Renamed += (_, _) => Add();
        _watcher.EnableRaisingEvents = true;
    }

    public int Count => Volatile.Read(ref _count);

    public Task AfterAsync(int count)
    {
        _wanted = count;
        if (Count >= count)
            _reached.TrySetResult();
        return _reached.Task;
    }

    public void Dispose() => _watcher.Dispose();

    private void Add()
    {
        if (Interlocked.Increment(ref _count) >= _wanted)
            _reached.TrySetResult();
    }
}
