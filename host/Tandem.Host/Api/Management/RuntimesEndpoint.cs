using Microsoft.AspNetCore.Http;
using Tandem.Host.Runtimes;
using Tandem.Host.Runtimes.Install;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.Management;

/// <summary>Lists runtimes and changes which one is used; what takes long is in <see cref="RuntimeInstallEndpoint"/>.</summary>
internal sealed class RuntimesEndpoint(
    RuntimeCatalogue runtimes, RuntimeChecks checks, RuntimeManager manager, RuntimeOffers offers, ModelServer server)
{
    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        RuntimeItems.List(runtimes.Snapshot, runtimes.State.Overrides, server.Workers), RuntimeApiJson.Wire.RuntimeList, cancellationToken: context.RequestAborted);

    public Task AvailableAsync(HttpContext context)
    {
        var query = context.Request.Query["query"].ToString();
        var wheels = context.Request.Query["wheels"].ToString();
        var installed = runtimes.Snapshot.Runtimes.Select(RuntimeCatalogue.IdOf).ToHashSet();
        var available = offers.Find(query, wheels.Length > 0 ? wheels : null).Select(offer => RuntimeItems.Available(offer, installed));
        return context.Response.WriteAsJsonAsync(new AvailableRuntimes([.. available]), RuntimeApiJson.Wire.AvailableRuntimes, cancellationToken: context.RequestAborted);
    }

    public Task SurveyAsync(HttpContext context) => WithRuntimeAsync(context, async report =>
    {
        await checks.SurveyAsync(report, fresh: true, context.RequestAborted);
        return null;
    });

    public Task SelectAsync(HttpContext context) => WithRuntimeAsync(context, async report =>
    {
        var cancellationToken = context.RequestAborted;
        using var body = await RequestBody.ReadAsync(context.Request, cancellationToken);
        if (body.Failure is { } unreadable)
            return unreadable;
        var problems = new FieldProblems();
        var fields = new JsonFields(body.Root, "", problems);
        var (model, pinned, clear) = (fields.Text("model"), fields.Flag("pinned"), fields.Flag("clear"));
        if (problems.Any)
            return problems.First;
        if (clear != true)
            return await manager.SelectAsync(report, model, pinned, cancellationToken);
        if (model is null)
            return new Failure(FailureCodes.InvalidValue, "'clear' needs 'model'.", "model", "Name the model that gets what its format gets again.");
        await manager.ForgetOverrideAsync(model, cancellationToken);
        return null;
    });

    public Task RollBackAsync(HttpContext context) => WithRuntimeAsync(
        context, async report => (await manager.RollBackAsync(report, context.RequestAborted)).Failure);

    public Task RemoveAsync(HttpContext context) => FindAsync(context, async report =>
    {
        var failure = context.Request.Query.ContainsKey("dry_run")
            ? manager.CanRemove(report)
            : await manager.RemoveAsync(report, context.RequestAborted);
        await (failure is null
            ? context.Response.WriteAsJsonAsync(new RemovedRuntime(RuntimeCatalogue.IdOf(report)), RuntimeApiJson.Wire.RemovedRuntime, cancellationToken: context.RequestAborted)
            : ApiErrors.WriteAsync(context, failure));
    });

    /// <summary>Does something with the runtime of the path and answers with what is known of it then.</summary>
    private Task WithRuntimeAsync(HttpContext context, Func<RuntimeReport, Task<Failure?>> act) => FindAsync(context, async report =>
    {
        if (await act(report) is { } failure)
        {
            await ApiErrors.WriteAsync(context, failure);
            return;
        }

        var snapshot = runtimes.Snapshot;
        var now = snapshot.Runtimes.FirstOrDefault(one => one.Folder == report.Folder) ?? report;
        await context.Response.WriteAsJsonAsync(
            RuntimeItems.Item(now, snapshot.Plugins, server.Workers), RuntimeApiJson.Wire.RuntimeItem, cancellationToken: context.RequestAborted);
    });

    private Task FindAsync(HttpContext context, Func<RuntimeReport, Task> act) =>
        runtimes.Find((string)context.Request.RouteValues["id"]!) switch
        {
            RuntimeLookup.Found found => act(found.Report),
            RuntimeLookup.NotFound missing => ApiErrors.WriteAsync(context, missing.Failure),
            _ => throw new InvalidOperationException("a lookup has two outcomes"),
        };
}
