using Microsoft.AspNetCore.Http;
using Tandem.Host.Jobs;

namespace Tandem.Host.Api.Management;

/// <summary><c>/api/tandem/jobs</c>: long actions, running and ended.</summary>
internal sealed class JobsEndpoint(JobService jobs)
{
    /// <summary>The answer of every long action: 202 with its job and where to ask for it.</summary>
    public static Task AcceptedAsync(HttpContext context, Job job)
    {
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = $"/api/tandem/jobs/{job.Id}";
        return WriteAsync(context, job.Snapshot);
    }

    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new JobList([.. jobs.All.Select(JobItem.Of)]), ManagementJson.Wire.JobList, cancellationToken: context.RequestAborted);

    public Task GetAsync(HttpContext context) => jobs.Find(IdOf(context)) is { } job ? WriteAsync(context, job.Snapshot) : NotFoundAsync(context);

    /// <summary>Cancels one that runs (202: it ends soon), forgets one that has ended (200); both answer with the job.</summary>
    public Task DeleteAsync(HttpContext context)
    {
        if (jobs.Find(IdOf(context)) is not { } job)
            return NotFoundAsync(context);
        if (job.Snapshot.State == JobState.Running)
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        jobs.Remove(job.Id);
        return WriteAsync(context, job.Snapshot);
    }

    private static string IdOf(HttpContext context) => context.Request.RouteValues["id"] as string ?? "";

    private static Task WriteAsync(HttpContext context, JobSnapshot job) =>
        context.Response.WriteAsJsonAsync(JobItem.Of(job), ManagementJson.Wire.JobItem, cancellationToken: context.RequestAborted);

    private static Task NotFoundAsync(HttpContext context) => ApiErrors.WriteAsync(context, new Failure(
        ApiCodes.NotFound, $"There is no job '{IdOf(context)}'.", NextStep: "GET /api/tandem/jobs lists them; old ones are forgotten."));
}
