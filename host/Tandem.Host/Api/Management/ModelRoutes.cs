using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Pairs;
using Tandem.Host.Telemetry;

namespace Tandem.Host.Api.Management;

/// <summary>Models, their defaults and pairs under <c>/api/tandem</c>.</summary>
internal static class ModelRoutes
{
    public static IServiceCollection AddModelApi(this IServiceCollection services) => services
        .AddSingleton<CatalogueEndpoint>()
        .AddSingleton<DefaultsEndpoint>()
        .AddSingleton<PairsEndpoint>();

    public static void MapModels(this WebApplication app)
    {
        var group = app.MapGroup("/api/tandem").WithTags("Tandem");
        group.MapGet("/models", ApiServices.Lazily<CatalogueEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<CatalogueList>("Every model that was found, with its description or its problem");
        // A key has a slash in it, so it must come last: KEY/defaults.
        group.MapGet("/models/{**key}", ApiServices.Lazily<DefaultsEndpoint>(app, (endpoint, context) => endpoint.GetAsync(context)))
            .Describe<DefaultsBody>("Defaults of a model (KEY/defaults): its draft, load, sampling and speculation settings");
        group.MapPut("/models/{**key}", ApiServices.Lazily<DefaultsEndpoint>(app, (endpoint, context) => endpoint.PutAsync(context)))
            .Describe<DefaultsBody>("Changes defaults of a model (KEY/defaults): what is named; null takes one back");
        group.MapGet("/pairs", ApiServices.Lazily<PairsEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<PairList>("Drafts of one main model (query: main), best first, with reasons");
        group.MapPost("/pairs/refresh", ApiServices.Lazily<PairsEndpoint>(app, (endpoint, context) => endpoint.RefreshAsync(context)))
            .Describe<JobItem>("Reads every header and judges every pair again");
    }

    /// <summary>Listeners of <c>/api/tandem/events</c> hear of every new index.</summary>
    public static Action<PairIndexState, long> PublishIndex(IServiceProvider services)
    {
        var hub = services.GetRequiredService<EventHub>();
        return (state, revision) => hub.Publish(EventKinds.Index, new IndexItem(PairsEndpoint.StateOf(state), revision), ModelJson.Wire.IndexItem);
    }
}

/// <summary>Source-generated JSON of models and pairs; written as <see cref="ApiJson"/> does.</summary>
[JsonSerializable(typeof(CatalogueList))]
[JsonSerializable(typeof(PairList))]
[JsonSerializable(typeof(IndexItem))]
[JsonSerializable(typeof(DefaultsBody))]
internal sealed partial class ModelJson : JsonSerializerContext
{
    public static ModelJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

/// <summary>The pair index changed.</summary>
/// <param name="State"><c>identifying</c> or <c>ready</c>.</param>
/// <param name="Revision">Of the list of models; grows with every change.</param>
internal sealed record IndexItem(string State, long Revision);
