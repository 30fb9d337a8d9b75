using Microsoft.AspNetCore.Http;
using Tandem.Host.Jobs;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Plugins;

namespace Tandem.Host.Api.Management;

/// <summary><c>GET /api/tandem/pairs</c> and <c>POST /api/tandem/pairs/refresh</c>.</summary>
internal sealed class PairsEndpoint(ModelCatalogue models, PairIndex index, PairJudge pairs, JobService jobs)
{
    public async Task ListAsync(HttpContext context)
    {
        var name = context.Request.Query["main"].ToString();
        if (string.IsNullOrWhiteSpace(name))
        {
            await ApiErrors.WriteAsync(context, new Failure(
                FailureCodes.InvalidValue, "The query needs 'main', the key of the main model.", "main", "GET /api/tandem/models lists the keys."));
            return;
        }

        // Not waiting for the first scan: whoever asks early is told that the answer is not complete.
        var resolution = models.Resolve(name);
        if (resolution is ModelResolution.Found found)
            await WriteAsync(context, List(found.Model));
        else if (!models.Snapshot.Complete)
            await WriteAsync(context, new PairList(null, StateOf(PairIndexState.Identifying), []));
        else
            await ApiErrors.WriteAsync(context, ((ModelResolution.NotFound)resolution).Failure with { Param = "main" });
    }

    /// <summary>Reads every header and judges every pair again, as a job; the state says <c>identifying</c> until it is through.</summary>
    public Task RefreshAsync(HttpContext context)
    {
        var job = jobs.Start("pairs.refresh", "Judging all pairs again", async (_, cancellationToken) =>
        {
            await index.RefreshAsync(cancellationToken);
            return new JobOutcome.Succeeded();
        });
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        return context.Response.WriteAsJsonAsync(JobItem.Of(job.Snapshot), ManagementJson.Wire.JobItem, cancellationToken: context.RequestAborted);
    }

    private PairList List(ModelEntry main)
    {
        var list = pairs.List(main);
        return new PairList(main.Key, StateOf(list.State), [.. list.Drafts.Select(ItemOf)]);
    }

    private static DraftItem ItemOf(JudgedDraft draft)
    {
        var (candidate, verdict) = (draft.Candidate, draft.Verdict);
        return new DraftItem(
            candidate.Model.Key,
            verdict.Fit switch { PairFit.Exact => "exact", PairFit.Tolerated => "tolerated", _ => "refused" },
            [.. verdict.Failed.Select(check => new ReasonItem(check.Check, check.MainValue, check.DraftValue, check.Message))],
            verdict.FirstDifference is { } first ? new DifferenceItem(first.Id, first.MainText, first.DraftText) : null,
            candidate.Rank,
            candidate.Recommended,
            candidate.Advice,
            candidate.Measured is { } measured ? new MeasuredItem(measured.Acceptance, measured.SpeedUp) : null);
    }

    internal static string StateOf(PairIndexState state) => state == PairIndexState.Ready ? "ready" : "identifying";

    private static Task WriteAsync(HttpContext context, PairList list) =>
        context.Response.WriteAsJsonAsync(list, ModelJson.Wire.PairList, cancellationToken: context.RequestAborted);
}
