using System.Text.Json;

namespace Tandem.Host.Jobs;

/// <summary>Where a job is.</summary>
public enum JobState
{
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>A long action at one moment. Immutable.</summary>
/// <param name="Kind">What it does, e.g. <c>runtime.install</c>.</param>
/// <param name="Title">The same for people, with what it is done to.</param>
/// <param name="Progress">0 to 1; null while it cannot be told.</param>
/// <param name="Message">What it does right now.</param>
/// <param name="Result">What came out; depends on <paramref name="Kind"/>.</param>
/// <param name="Failure">Present when it failed.</param>
public sealed record JobSnapshot(
    string Id,
    string Kind,
    string Title,
    JobState State,
    double? Progress,
    string? Message,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    JsonElement? Result,
    Failure? Failure);

/// <summary>How the work of a job ended.</summary>
public abstract record JobOutcome
{
    public sealed record Succeeded(JsonElement? Result = null) : JobOutcome;

    public sealed record Failed(Failure Failure) : JobOutcome;
}

/// <summary>One running or finished job; its work reports through it.</summary>
public sealed class Job : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly Action<JobSnapshot> _onChange;
    // The work may report from several threads, also just when it ends: too small for an owner of its own.
    private readonly Lock _lock = new();
    private JobSnapshot _snapshot;

    internal Job(JobSnapshot snapshot, Action<JobSnapshot> onChange) => (_snapshot, _onChange) = (snapshot, onChange);

    public string Id => _snapshot.Id;

    public JobSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>Completes when the job has ended, however; never faults.</summary>
    public Task Ended { get; internal set; } = Task.CompletedTask;

    internal CancellationToken Token => _cancel.Token;

    /// <param name="progress">0 to 1; null: cannot be told.</param>
    /// <param name="message">What is being done; null: as before.</param>
    public void Report(double? progress, string? message = null) =>
        Change(now => now with { Progress = progress is { } part ? Math.Clamp(part, 0, 1) : null, Message = message ?? now.Message });

    /// <summary>Asks the work to end; it is cancelled when it has.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_snapshot.State == JobState.Running)
                _ = _cancel.CancelAsync();
        }
    }

    /// <summary>Once it has ended.</summary>
    public void Dispose() => _cancel.Dispose();

    internal void Change(Func<JobSnapshot, JobSnapshot> change)
    {
        lock (_lock)
        {
            if (_snapshot.State != JobState.Running)
                return;
            Volatile.Write(ref _snapshot, change(_snapshot));
            // Inside, so that listeners see changes in their order; it only queues.
            _onChange(_snapshot);
        }
    }
}
