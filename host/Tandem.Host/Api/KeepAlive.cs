namespace Tandem.Host.Api;

/// <summary>Comments on a stream on which nothing comes for long, so that nobody on the way gives it up.</summary>
internal sealed class KeepAlive(EventStream stream, TimeSpan interval, TimeProvider time)
{
    private Task? _silence;
    private bool _spoke;

    /// <summary>An event was written.</summary>
    public void MarkSpoken() => _spoke = true;

    /// <summary>
    /// Waits until <paramref name="waiting"/> has ended, however it ended; the caller awaits it for its outcome. That is so even when the client
    /// has gone and this throws, so that nothing is left behind; its own cancellation ends it then.
    /// </summary>
    /// <param name="describe">What is waited for, in a comment.</param>
    public async Task UntilAsync(Task waiting, Func<string> describe, CancellationToken cancellationToken)
    {
        try
        {
            while (!waiting.IsCompleted)
            {
                // One timer for many events: it only looks whether anything was said since it began.
                _silence ??= Task.Delay(interval, time, CancellationToken.None);
                if (await Task.WhenAny(waiting, _silence) == waiting)
                    break;
                _silence = null;
                if (!_spoke)
                    stream.WriteComment(describe());
                _spoke = false;
                await stream.FlushAsync(cancellationToken);
            }
        }
        catch
        {
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }
}
