using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Tandem.Host.Jobs;

namespace Tandem.Host.Api.Management;

/// <param name="State"><c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Progress">0 to 1; null while it cannot be told.</param>
internal sealed record JobItem(
    string Id, string Kind, string Title,
    [property: AllowedValues("running", "succeeded", "failed", "cancelled")] string State,
    double? Progress, string? Message,
    DateTimeOffset StartedAt, DateTimeOffset? EndedAt, JsonElement? Result, FailureItem? Error)
{
    public static JobItem Of(JobSnapshot job) => new(
        job.Id, job.Kind, job.Title, job.State.ToString().ToLowerInvariant(), job.Progress, job.Message,
        job.StartedAt, job.EndedAt, job.Result, FailureItem.Of(job.Failure));
}

/// <summary>Newest first.</summary>
internal sealed record JobList(IReadOnlyList<JobItem> Jobs);
