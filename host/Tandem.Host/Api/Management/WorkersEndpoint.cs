using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Api.Loading;
using Tandem.Host.Jobs;
using Tandem.Host.Serving;
using Tandem.Host.Workers;

namespace Tandem.Host.Api.Management;

/// <summary><c>/api/tandem/workers</c>: what is loaded, and starting and stopping it by hand.</summary>
internal sealed class WorkersEndpoint(
    ModelServer server, LoadRequestReader reader, JobService jobs, IProcessSystem processes, HostOptions options, TimeProvider time)
{
    private const int LogLines = 2000;
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);

    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new WorkerList([.. server.Instances.Select(instance => WorkerItem.Of(instance, processes))]),
        ManagementJson.Wire.WorkerList,
        cancellationToken: context.RequestAborted);

    /// <summary>Body: see <see cref="LoadRequestReader"/>. 202 with a job, whose result is the worker.</summary>
    public async Task StartAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (request, failure) = body.Failure is { } unreadable ? (null, unreadable) : await reader.ReadAsync(body.Root, context.RequestAborted);
        if (failure is not null)
        {
            await ApiErrors.WriteAsync(context, failure);
            return;
        }

        var job = jobs.Start("worker.start", $"Load {request!.Model.Key}", async (job, cancellationToken) =>
        {
            var loading = server.LoadAsync(request, cancellationToken);
            do
                job.Report(ProgressOf(request.Model.Key), $"loading {request.Model.Key}");
            while (await Task.WhenAny(loading, Task.Delay(ReportEvery, time, CancellationToken.None)) != loading);
            return await loading switch
            {
                LoadResult.Loaded loaded => new JobOutcome.Succeeded(
                    JsonSerializer.SerializeToElement(WorkerItem.Of(loaded.Instance, processes), ManagementJson.Wire.WorkerItem)),
                LoadResult.Refused refused => new JobOutcome.Failed(refused.Failure),
                _ => throw new InvalidOperationException("a load has two outcomes"),
            };
        });
        await JobsEndpoint.AcceptedAsync(context, job);
    }

    /// <summary>Running answers get a moment to finish. 202 with a job.</summary>
    public Task StopAsync(HttpContext context)
    {
        if (server.Instances.FirstOrDefault(instance => instance.Worker?.WorkerId == IdOf(context)) is not { } found)
            return NotFoundAsync(context);
        var job = jobs.Start("worker.stop", $"Unload {found.InstanceId}", async (_, cancellationToken) =>
            await server.UnloadAsync(found.InstanceId, cancellationToken) is UnloadResult.Refused refused
                ? new JobOutcome.Failed(refused.Failure)
                : new JobOutcome.Succeeded());
        return JobsEndpoint.AcceptedAsync(context, job);
    }

    /// <summary>The last lines of a worker that is there; of an instance (its id in <c>?instance=</c>) also after the worker's end.</summary>
    public async Task LogAsync(HttpContext context)
    {
        var lines = server.LogOf(IdOf(context));
        if (lines is null && context.Request.Query["instance"].ToString() is { Length: > 0 } instance)
        {
            var file = WorkerLogFile.PathOf(options, instance);
            lines = File.Exists(file) ? [.. File.ReadLines(file).TakeLast(LogLines)] : null;
        }

        if (lines is null)
            await NotFoundAsync(context);
        else
            await context.Response.WriteAsJsonAsync(new WorkerLogLines(IdOf(context), lines), ManagementJson.Wire.WorkerLogLines, cancellationToken: context.RequestAborted);
    }

    /// <summary>How far the load of a model is; null while it is not known.</summary>
    private double? ProgressOf(string modelKey) =>
        server.Workers.LastOrDefault(worker => worker.ModelKey == modelKey && worker.State == WorkerState.Loading)?.Progress;

    private static string IdOf(HttpContext context) => context.Request.RouteValues["id"] as string ?? "";

    private static Task NotFoundAsync(HttpContext context) => ApiErrors.WriteAsync(context, new Failure(
        ApiCodes.NotFound, $"There is no worker '{IdOf(context)}'.", NextStep: "GET /api/tandem/workers lists them."));
}
