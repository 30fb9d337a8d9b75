using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Jobs;

/// <summary>Runs long actions beside the requests that asked for them, and remembers how the last ones ended (until the supervisor does).</summary>
public sealed class JobService : IHostedService
{
    private const int FinishedKept = 100;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly TimeProvider _clock;
    private readonly ILogger<JobService> _logger;
    private readonly Action<JobSnapshot> _onChange;
    private volatile bool _stopping;

    /// <param name="onChange">Told of every change; returns at once.</param>
    public JobService(TimeProvider clock, ILogger<JobService> logger, Action<JobSnapshot> onChange) =>
        (_clock, _logger, _onChange) = (clock, logger, onChange);

    /// <summary>Newest first.</summary>
    public IReadOnlyList<JobSnapshot> All => [.. _jobs.Values.Select(job => job.Snapshot).OrderByDescending(job => job.StartedAt)];

    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Starts work that reports through the job and ends when its token is cancelled.</summary>
    public Job Start(string kind, string title, Func<Job, CancellationToken, Task<JobOutcome>> work)
    {
        var id = RandomNumberGenerator.GetHexString(8, lowercase: true);
        var job = new Job(new JobSnapshot(id, kind, title, JobState.Running, null, null, _clock.GetUtcNow(), null, null, null), _onChange);
        ForgetOld();
        _jobs[id] = job;
        _onChange(job.Snapshot);
        if (_stopping)
            job.Cancel();
        job.Ended = Task.Run(() => RunAsync(job, work));
        return job;
    }

    /// <summary>Cancels a running job, forgets one that has ended. False when there is none.</summary>
    public bool Remove(string id)
    {
        if (Find(id) is not { } job)
            return false;
        job.Cancel();
        if (job.Snapshot.State != JobState.Running)
            Forget(id);
        return true;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Cancels what runs and waits for it, within bounds.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        foreach (var job in _jobs.Values)
            job.Cancel();
        var ended = Task.WhenAll(_jobs.Values.Select(job => job.Ended));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(ended, Task.Delay(StopWithin, _clock, over.Token));
        await over.CancelAsync();
    }

    private async Task RunAsync(Job job, Func<Job, CancellationToken, Task<JobOutcome>> work)
    {
        JobOutcome? outcome = null;
        try
        {
            outcome = await work(job, job.Token);
        }
        catch (OperationCanceledException) when (job.Token.IsCancellationRequested)
        {
            // It was asked to end and did.
        }
        catch (Exception exception)
        {
            JobLog.OwnBug(_logger, exception, job.Snapshot.Title);
            outcome = new JobOutcome.Failed(new Failure("internal_error", $"Tandem made a mistake: {exception.Message}", NextStep: "Its log has the details."));
        }

        var ended = _clock.GetUtcNow();
        job.Change(now => outcome switch
        {
            JobOutcome.Succeeded succeeded => now with { State = JobState.Succeeded, Progress = 1, EndedAt = ended, Result = succeeded.Result },
            JobOutcome.Failed failed => now with { State = JobState.Failed, EndedAt = ended, Failure = failed.Failure },
            _ => now with { State = JobState.Cancelled, EndedAt = ended },
        });
    }

    private void Forget(string id)
    {
        if (_jobs.TryRemove(id, out var job))
            job.Dispose();
    }

    private void ForgetOld()
    {
        var finished = _jobs.Values.Where(job => job.Snapshot.State != JobState.Running).OrderByDescending(job => job.Snapshot.EndedAt);
        foreach (var old in finished.Skip(FinishedKept - 1).ToList())
            Forget(old.Id);
    }
}

internal static partial class JobLog
{
    [LoggerMessage(1400, LogLevel.Error, "The job '{Title}' failed unexpectedly")]
    public static partial void OwnBug(ILogger logger, Exception exception, string title);
}
