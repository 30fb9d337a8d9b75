using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Jobs;

namespace Tandem.Tests.Jobs;

public sealed class JobServiceTests
{
    private readonly ConcurrentQueue<JobSnapshot> _changes = new();

    [Fact]
    public async Task A_job_tells_its_progress_and_its_result()
    {
        var jobs = Service();
        var job = jobs.Start("test", "Tests", (self, _) =>
        {
            self.Report(0.5, "half");
            return Task.FromResult<JobOutcome>(new JobOutcome.Succeeded(JsonElement.Parse("42")));
        });
        await job.Ended;
        Assert.Equal(42, job.Snapshot.Result!.Value.GetInt32());
        Assert.Equal([(JobState.Running, null), (JobState.Running, 0.5), (JobState.Succeeded, 1.0)], _changes.Select(change => (change.State, change.Progress)));
        Assert.Equal(job.Id, Assert.Single(jobs.All).Id);
    }

    [Fact]
    public async Task A_running_job_is_cancelled_and_an_ended_one_forgotten()
    {
        var jobs = Service();
        var job = Endless(jobs);
        Assert.True(jobs.Remove(job.Id));
        await job.Ended;
        Assert.Equal(JobState.Cancelled, job.Snapshot.State);
        Assert.True(jobs.Remove(job.Id));
        Assert.Empty(jobs.All);
        Assert.False(jobs.Remove(job.Id));
    }

    [Fact]
    public async Task What_fails_says_why_expected_or_not()
    {
        var jobs = Service();
        var refused = jobs.Start("test", "Refuses", (_, _) => Task.FromResult<JobOutcome>(new JobOutcome.Failed(new Failure("no", "It is so."))));
        var thrown = jobs.Start("test", "Throws", (_, _) => throw new InvalidOperationException("a bug"));
        await Task.WhenAll(refused.Ended, thrown.Ended);
        Assert.Equal((JobState.Failed, "no"), (refused.Snapshot.State, refused.Snapshot.Failure!.Code));
        Assert.Equal(JobState.Failed, thrown.Snapshot.State);
        Assert.Contains("a bug", thrown.Snapshot.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_cancels_what_runs_and_only_the_last_hundred_are_remembered()
    {
        var jobs = Service();
        for (var i = 0; i < 150; i++)
            await jobs.Start("test", "Short", (_, _) => Task.FromResult<JobOutcome>(new JobOutcome.Succeeded())).Ended;
        Assert.Equal(100, jobs.All.Count);
        var job = Endless(jobs);
        await jobs.StopAsync(CancellationToken.None);
        Assert.Equal(JobState.Cancelled, job.Snapshot.State);
    }

    private static Job Endless(JobService jobs) => jobs.Start("test", "Endless", async (_, cancellationToken) =>
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return new JobOutcome.Succeeded();
    });

    private JobService Service() => new(TimeProvider.System, NullLogger<JobService>.Instance, _changes.Enqueue);
}
