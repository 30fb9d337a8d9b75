using Microsoft.AspNetCore.Http;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Host.Serving;
using Tandem.Plugins;

namespace Tandem.Host.Api.Management;

/// <summary><c>GET /api/tandem/models</c>.</summary>
internal sealed class CatalogueEndpoint(HostOptions options, ModelCatalogue models, PairIndex index, ModelServer server)
{
    public Task ListAsync(HttpContext context)
    {
        // Not waiting for the first scan: the list says whether it is complete.
        var snapshot = models.Snapshot;
        var pairs = index.Snapshot;
        var instances = server.Instances.Where(instance => instance.Worker is { IsFinal: false }).ToLookup(instance => instance.ModelKey, StringComparer.Ordinal);
        var list = new CatalogueList(
            snapshot.Complete ? "ready" : "scanning",
            [.. ModelFolder.Of(options).Select(folder => folder.Path)],
            [.. snapshot.Models.Select(model => ItemOf(models.WithDefaults(model), pairs, instances[model.Key]))]);
        return context.Response.WriteAsJsonAsync(list, ModelJson.Wire.CatalogueList, cancellationToken: context.RequestAborted);
    }

    private static CatalogueItem ItemOf(ModelEntry model, PairIndexSnapshot pairs, IEnumerable<InstanceSnapshot> instances) => new()
    {
        Key = model.Key,
        Engine = model.EngineId,
        Format = model.Source.Format,
        Path = model.Source.Path,
        Files = model.Source.Files.Count,
        Projector = model.Source.ProjectorPath,
        Embedded = model.Embedded,
        Shadowed = model.Shadowed,
        Problem = model.Problem,
        ProblemField = model.ProblemField,
        Description = model.Description is { } description ? DescriptionOf(description) : null,
        Instances = model.Shadowed
            ? []
            : [.. instances.Select(one => new InstanceItem(one.InstanceId, one.Worker!.State.ToString().ToLowerInvariant(), one.Worker.DraftKey))],
        RecommendedFor = model.Shadowed ? 0 : pairs.RecommendedFor(model.Key),
        DraftModel = model.Defaults.DraftModel,
    };

    private static DescribedItem DescriptionOf(ModelDescription model) => new(
        model.Name,
        model.Kind == ModelKind.Embedding ? "embedding" : "llm",
        model.Architecture,
        model.Quantization,
        model.ParameterCount,
        model.FileSize,
        model.ContextLength,
        model.LayerCount,
        model.AcceptsMedia,
        model.ChatTemplate is not null,
        model.Tokenizer is { } tokenizer ? new TokenizerItem(tokenizer.Kind, tokenizer.PreTokenizer, tokenizer.Size, tokenizer.Fingerprint) : null);
}
