using Microsoft.AspNetCore.Http;
using Tandem.Host.Api.Loading;
using Tandem.Host.Models;
using Tandem.Host.Serving;
using Tandem.Plugins;

namespace Tandem.Host.Api.Native;

/// <summary>LM Studio's <c>POST /api/v1/models/load</c> and <c>/unload</c>; the answer comes when it is done.</summary>
internal sealed class NativeLoadEndpoint(ModelServer server, ModelCatalogue models, LoadRequestReader reader, TimeProvider time)
{
    private const string InstanceField = "instance_id";

    public async Task LoadAsync(HttpContext context)
    {
        var began = time.GetTimestamp();
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var echo = body.Failure is null && new JsonFields(body.Root, "", problems).Flag("echo_load_config") == true;
        if ((body.Failure ?? problems.First) is { } unreadable)
        {
            await ApiErrors.WriteAsync(context, unreadable);
            return;
        }

        var (request, failure) = await reader.ReadAsync(body.Root, context.RequestAborted);
        var result = request is null ? new LoadResult.Refused(failure!) : await server.LoadAsync(request, context.RequestAborted);
        if (result is LoadResult.Loaded { Instance: { Worker: { } worker } instance })
        {
            var type = request!.Model.Description?.Kind == ModelKind.Embedding ? "embedding" : "llm";
            var loaded = new V1Loaded(type, instance.InstanceId, time.GetElapsedTime(began).TotalSeconds, "loaded")
            {
                LoadConfig = echo ? NativeModelsEndpoint.InstanceOf(instance.InstanceId, worker).Config : null,
            };
            await context.Response.WriteAsJsonAsync(loaded, ApiJson.Wire.V1Loaded, cancellationToken: context.RequestAborted);
            return;
        }

        await ApiErrors.WriteAsync(
            context, (result as LoadResult.Refused)?.Failure ?? new Failure(FailureCodes.WorkerCrashed, $"{request!.Model.Key} ended as soon as it was loaded."));
    }

    public async Task UnloadAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var problems = new FieldProblems();
        var name = body.Failure is null ? new JsonFields(body.Root, "", problems).Text(InstanceField) : null;
        if ((body.Failure ?? problems.First) is { } unreadable)
        {
            await ApiErrors.WriteAsync(context, unreadable);
            return;
        }

        var id = await InstanceAsync(name ?? "", context.RequestAborted);
        if (await server.UnloadAsync(id, context.RequestAborted) is UnloadResult.Refused { Failure: var failure })
            await ApiErrors.WriteAsync(context, failure with { Param = InstanceField });
        else
            await context.Response.WriteAsJsonAsync(new V1Unloaded(id), ApiJson.Wire.V1Unloaded, cancellationToken: context.RequestAborted);
    }

    /// <summary>An instance by its id, or a model's by any name of the model.</summary>
    private async Task<string> InstanceAsync(string name, CancellationToken cancellationToken) =>
        server.Instances.Any(instance => instance.InstanceId == name) || await models.ResolveAsync(name, cancellationToken) is not ModelResolution.Found found
            ? name
            : InstanceNames.Asked(found.Model.Key, name) ?? found.Model.Key;
}
