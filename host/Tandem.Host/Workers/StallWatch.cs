namespace Tandem.Host.Workers;

/// <summary>
/// Cancels <see cref="Token"/> when neither progress nor disk reads have been seen for <see cref="WorkerTimes.LoadStall"/>: loads of large
/// files on slow disks take long and are left alone, one that stands still is not.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private const int LooksPerStall = 8;
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private readonly WorkerTimes _times;
    private readonly Func<long?> _bytesRead;
    private long _seenBytes;
    private long _lastActivity;

    public StallWatch(WorkerTimes times, Func<long?> bytesRead, CancellationToken cancellationToken)
    {
        (_times, _bytesRead) = (times, bytesRead);
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _lastActivity = times.Clock.GetTimestamp();
        var interval = times.LoadStall / LooksPerStall;
        _timer = times.Clock.CreateTimer(_ => Look(), null, interval, interval);
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Something moved.</summary>
    public void Reset() => Volatile.Write(ref _lastActivity, _times.Clock.GetTimestamp());

    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Look()
    {
        var bytes = _bytesRead() ?? 0;
        if (Interlocked.Exchange(ref _seenBytes, bytes) != bytes)
            Reset();
        else if (_times.Clock.GetElapsedTime(Volatile.Read(ref _lastActivity)) >= _times.LoadStall)
            Cancel();
    }

    private void Cancel()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The load ended at this very moment; a timer's last callback may still run.
        }
    }
}
