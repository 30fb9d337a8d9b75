using Microsoft.AspNetCore.Http;
using Tandem.Host.Models;

namespace Tandem.Host.Api.OpenAi;

/// <summary><c>GET /v1/models</c> and <c>/v1/models/{key}</c>: every model that can be asked for, loaded or not.</summary>
internal sealed class ModelsEndpoint(ModelCatalogue models)
{
    public async Task ListAsync(HttpContext context)
    {
        await models.Ready.WaitAsync(context.RequestAborted);
        var list = new ModelList("list", [.. models.Snapshot.Models.Where(entry => !entry.Shadowed && entry.Problem is null).Select(ItemOf)]);
        await context.Response.WriteAsJsonAsync(list, ApiJson.Wire.ModelList, cancellationToken: context.RequestAborted);
    }

    public async Task FindAsync(HttpContext context)
    {
        var key = context.Request.RouteValues["key"] as string ?? "";
        var resolution = await models.ResolveAsync(Uri.UnescapeDataString(key), context.RequestAborted);
        if (resolution is ModelResolution.Found found)
            await context.Response.WriteAsJsonAsync(ItemOf(found.Model), ApiJson.Wire.ModelItem, cancellationToken: context.RequestAborted);
        else
            await ApiErrors.WriteAsync(context, ((ModelResolution.NotFound)resolution).Failure);
    }

    private static ModelItem ItemOf(ModelEntry entry) => new(
        entry.Key, "model", new DateTimeOffset(File.GetLastWriteTimeUtc(entry.Source.Path)).ToUnixTimeSeconds(), entry.Key.Split('/')[0]);
}
