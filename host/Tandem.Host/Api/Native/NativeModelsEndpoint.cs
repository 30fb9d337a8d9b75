using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Models;
using Tandem.Host.Serving;
using Tandem.Host.Workers;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Api.Native;

/// <summary>LM Studio's lists of models: <c>GET /api/v0/models</c>, <c>/api/v0/models/{key}</c>, <c>/api/v1/models</c>.</summary>
internal sealed class NativeModelsEndpoint(ModelCatalogue models, ModelServer server)
{
    public async Task ListV0Async(HttpContext context)
    {
        var list = new V0ModelList("list", [.. (await UsableAsync(context)).Select(V0Of)]);
        await context.Response.WriteAsJsonAsync(list, ApiJson.Wire.V0ModelList, cancellationToken: context.RequestAborted);
    }

    public async Task FindV0Async(HttpContext context)
    {
        var key = context.Request.RouteValues["key"] as string ?? "";
        var resolution = await models.ResolveAsync(Uri.UnescapeDataString(key), context.RequestAborted);
        if (resolution is ModelResolution.Found found)
            await context.Response.WriteAsJsonAsync(V0Of(found.Model), ApiJson.Wire.V0Model, cancellationToken: context.RequestAborted);
        else
            await ApiErrors.WriteAsync(context, ((ModelResolution.NotFound)resolution).Failure);
    }

    public async Task ListV1Async(HttpContext context)
    {
        var list = new V1ModelList([.. (await UsableAsync(context)).Select(V1Of)]);
        await context.Response.WriteAsJsonAsync(list, ApiJson.Wire.V1ModelList, cancellationToken: context.RequestAborted);
    }

    private async Task<IEnumerable<ModelEntry>> UsableAsync(HttpContext context)
    {
        await models.Ready.WaitAsync(context.RequestAborted);
        return models.Snapshot.Models.Where(entry => entry is { Shadowed: false, Problem: null, Description: not null });
    }

    private V0Model V0Of(ModelEntry entry)
    {
        var description = entry.Description!;
        var loaded = InstancesOf(entry).FirstOrDefault()?.Worker!.Loaded;
        var type = description.Kind == ModelKind.Embedding ? "embeddings" : description.AcceptsMedia ? "vlm" : "llm";
        return new V0Model(entry.Key, "model", type, PublisherOf(entry), description.Architecture, entry.Source.Format, description.Quantization,
            loaded is null ? "not-loaded" : "loaded", description.ContextLength)
        {
            LoadedContextLength = loaded?.ContextLength,
        };
    }

    private V1Model V1Of(ModelEntry entry)
    {
        var description = entry.Description!;
        var bits = description.ParameterCount > 0 ? description.FileSize * 8.0 / description.ParameterCount : 0;
        return new V1Model(
            description.Kind == ModelKind.Embedding ? "embedding" : "llm", PublisherOf(entry), entry.Key, description.Name ?? entry.Key,
            description.Architecture, new V1Quantization(description.Quantization, bits), description.FileSize, Short(description.ParameterCount),
            [.. InstancesOf(entry).Select(instance => InstanceOf(instance.InstanceId, instance.Worker!))], description.ContextLength, entry.Source.Format,
            new V1Capabilities(description.AcceptsMedia, TrainedForToolUse: false))
        {
            DraftModel = entry.Defaults.DraftModel,
        };
    }

    private IEnumerable<InstanceSnapshot> InstancesOf(ModelEntry entry) =>
        server.Instances.Where(instance => instance.ModelKey == entry.Key && instance.Worker is { Serves: true, Loaded: not null });

    /// <param name="worker">One that has its model loaded.</param>
    internal static V1Instance InstanceOf(string id, WorkerSnapshot worker)
    {
        var loaded = worker.Loaded!;
        var settings = loaded.Settings;
        return new V1Instance(id, new V1InstanceConfig(loaded.ContextLength, loaded.Parallel)
        {
            EvalBatchSize = settings is { HasBatchSize: true } ? settings.BatchSize : null,
            FlashAttention = settings is { HasFlashAttention: true } ? settings.FlashAttention == Toggle.On : null,
            OffloadKvCacheToGpu = settings is { HasKvOnGpu: true } ? settings.KvOnGpu : null,
            DraftModel = worker.DraftKey,
        });
    }

    private static string PublisherOf(ModelEntry entry) => entry.Key.Split('/')[0];

    private static string Short(long parameters) => parameters switch
    {
        >= 1_000_000_000 => (parameters / 1e9).ToString("0.#", CultureInfo.InvariantCulture) + "B",
        >= 1_000_000 => (parameters / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + "M",
        _ => (parameters / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + "K",
    };
}
