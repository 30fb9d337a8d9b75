namespace Tandem.Host.Workers;

/// <summary>The bounds on everything that is waited for in a worker's life, and the clock that measures them.</summary>
public sealed record WorkerTimes
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>From the spawn to the start line: the runtime of the worker's language starts and the socket is bound.</summary>
    public TimeSpan StartLine { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan Health { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A load without progress and without disk reads for so long is given up; its length does not matter.</summary>
    public TimeSpan LoadStall { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>A worker that does not answer its health check for so long, and uses no CPU, hangs.</summary>
    public TimeSpan HealthAnswer { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A worker with work to do whose step counter stands still for so long hangs; more when its passes are slow.</summary>
    public TimeSpan Wedged { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a worker in use is looked at.</summary>
    public TimeSpan LookBusy { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a worker that nobody uses is looked at.</summary>
    public TimeSpan LookIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long running answers may finish when a worker is stopped.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the <c>Shutdown</c> call to the end of the process.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the request to terminate to the end of the group.</summary>
    public TimeSpan Terminate { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From the kill to the end of the group: only a process inside the kernel takes longer.</summary>
    public TimeSpan Kill { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a failed call waits to learn that the worker behind it has gone: milliseconds as a rule, but the notice of an exit takes its
    /// time on a machine that is busy, and without it the caller would not learn why.
    /// </summary>
    public TimeSpan ExitNotice { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>True when <paramref name="task"/> ends within <paramref name="bound"/>; never throws, so that no later step is skipped.</summary>
    internal async Task<bool> EndsWithinAsync(Task task, TimeSpan bound)
    {
        using var over = new CancellationTokenSource();
        var first = await Task.WhenAny(task, Task.Delay(bound, Clock, over.Token));
        await over.CancelAsync();
        return first == task;
    }
}
