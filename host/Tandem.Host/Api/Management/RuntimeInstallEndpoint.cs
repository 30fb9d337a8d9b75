using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Jobs;
using Tandem.Host.Runtimes;
using Tandem.Host.Runtimes.Install;
using Tandem.Host.Storage;

namespace Tandem.Host.Api.Management;

/// <summary>Installing and updating: what takes long runs as a job, what only asks is answered at once.</summary>
internal sealed class RuntimeInstallEndpoint(
    RuntimeCatalogue runtimes, RuntimeManager manager, RuntimeOffers offers, RuntimeInstaller installer, JobService jobs, SettingsStore settings)
{
    private const string InstallKind = "runtime.install";
    private const string UpdateKind = "runtime.update";

    /// <summary><c>POST /api/tandem/runtimes</c>.</summary>
    public async Task InstallAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var request = body.Failure is null ? Read(new JsonFields(body.Root, "", problems)) : null;
        if ((body.Failure ?? problems.First) is { } failure)
            await ApiErrors.WriteAsync(context, failure);
        else if (request is { Query: { } query, Path: null })
            await InstallAsync(context, query, request);
        else if (request is { Path: { } path, Query: null })
            await AddAsync(context, path, request.DryRun == true);
        else
            await ApiErrors.WriteAsync(context, new Failure(FailureCodes.InvalidValue, "The body needs one of 'query' and 'path'.", "query", "Send a query such as llama.cpp@0.5.0."));
    }

    /// <summary><c>POST /api/tandem/runtimes/{id}/update</c>.</summary>
    public async Task UpdateAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var dryRun = body.Failure is null && new JsonFields(body.Root, "", problems).Flag("dry_run") == true;
        if ((body.Failure ?? problems.First) is { } failure)
        {
            await ApiErrors.WriteAsync(context, failure);
        }
        else if (runtimes.Find((string)context.Request.RouteValues["id"]!) is not RuntimeLookup.Found { Report: var report })
        {
            await ApiErrors.WriteAsync(context, ((RuntimeLookup.NotFound)runtimes.Find((string)context.Request.RouteValues["id"]!)).Failure);
        }
        else if (manager.PlanUpdates(RuntimeCatalogue.IdOf(report)) is not [var plan, ..])
        {
            await ApiErrors.WriteAsync(context, new Failure(FailureCodes.InvalidValue, $"{RuntimeCatalogue.IdOf(report)} is not selected; only what is used is updated.",
                "id", $"Select it first, or install another: tandem runtime get {report.Info?.EngineId}"));
        }
        else if (dryRun || plan.Recipe is null)
        {
            await PlanAsync(context, new RuntimePlan(plan.Current, plan.Recipe?.Runtime.Id, plan.Text, plan.Recipe?.DiskBytes ?? 0));
        }
        else
        {
            await StartAsync(context, UpdateKind, plan.Text, (progress, token) => manager.UpdateAsync(plan, (int)settings.Get<long>(RuntimeSettings.KeepOld), progress, token));
        }
    }

    private static InstallRequest Read(JsonFields fields) =>
        new(fields.Text("query"), fields.Text("path"), fields.Text("wheels"), fields.Flag("dry_run"));

    private Task InstallAsync(HttpContext context, string query, InstallRequest request)
    {
        if (offers.Choose(query, request.Wheels) is not OfferChoice.Chosen { Recipe: var recipe })
            return ApiErrors.WriteAsync(context, ((OfferChoice.Refused)offers.Choose(query, request.Wheels)).Failure);
        var title = $"Installing {recipe.Runtime.Id}";
        return request.DryRun == true
            ? PlanAsync(context, new RuntimePlan(null, recipe.Runtime.Id, title, recipe.DiskBytes))
            : StartAsync(context, InstallKind, title, (progress, token) => installer.InstallAsync(recipe, progress, token));
    }

    private Task AddAsync(HttpContext context, string path, bool dryRun)
    {
        if (!Path.IsPathFullyQualified(path) || !Path.Exists(path))
        {
            return ApiErrors.WriteAsync(context, new Failure(
                FailureCodes.InvalidValue, $"There is neither a folder nor an archive at {path}.", "path", "Give an absolute path."));
        }

        return dryRun
            ? PlanAsync(context, new RuntimePlan(null, null, $"Adding {path}", 0))
            : StartAsync(context, InstallKind, $"Adding {path}", (progress, token) => installer.AddAsync(path, progress, token));
    }

    private static Task PlanAsync(HttpContext context, RuntimePlan plan) =>
        context.Response.WriteAsJsonAsync(plan, RuntimeApiJson.Wire.RuntimePlan, cancellationToken: context.RequestAborted);

    private Task StartAsync(HttpContext context, string kind, string title, Func<IProgress<InstallProgress>, CancellationToken, Task<InstallOutcome>> work) =>
        JobsEndpoint.AcceptedAsync(context, jobs.Start(kind, title, async (job, cancellationToken) =>
            await work(new JobProgress(job), cancellationToken) switch
            {
                InstallOutcome.Installed installed => new JobOutcome.Succeeded(ResultOf(installed)),
                InstallOutcome.Failed failed => new JobOutcome.Failed(failed.Failure),
                _ => throw new InvalidOperationException("an installation has two outcomes"),
            }));

    private JsonElement ResultOf(InstallOutcome.Installed installed) => JsonSerializer.SerializeToElement(
        new InstalledRuntimeItem(installed.Id, installed.AlreadyThere, runtimes.Find(installed.Id) is RuntimeLookup.Found { Report.Selected: true }),
        RuntimeApiJson.Wire.InstalledRuntimeItem);
}
