using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Api.Management;

namespace Tandem.Host.Api;

/// <summary>Registers this feature and lays out its routes.</summary>
internal static class ApiServices
{
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = ApiJson.Wire.Options.PropertyNamingPolicy;
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Wire);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, RuntimeApiJson.Wire);
            options.SerializerOptions.TypeInfoResolverChain.Insert(2, ModelJson.Wire);
        });
        services.AddOpenApi("v1", options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Tandem";
            return Task.CompletedTask;
        }).AddDocumentTransformer(ApiExamples.AddAsync).AddDocumentTransformer(ApiDescription.AddParametersAsync)
            .AddDocumentTransformer(ApiDescription.JoinStreamsAsync).AddSchemaTransformer(ApiDescription.AmendAsync));
        return services
            .AddSingleton<HealthEndpoint>()
            .AddClientApi()
            .AddRuntimeApi()
            .AddSupervisorApi()
            .AddStoredChats()
            .AddModelApi();
    }

    public static void UseApi(this WebApplication app)
    {
        app.UseMiddleware<ApiBorder>();
        app.UseMiddleware<RequestGuard>();
        app.UseRouting();
        app.MapOpenApi("/openapi/{documentName}.json");
        MapHealth(app);
        app.MapClients();
        app.MapRuntimes();
        app.MapSupervisor();
        app.MapStoredChats();
        app.MapModels();
    }

    private static void MapHealth(WebApplication app)
    {
        var group = app.MapGroup("/health").WithTags("Health");
        group.MapGet("", Lazily<HealthEndpoint>(app, (endpoint, context) => endpoint.AliveAsync(context))).Describe<Health>("Is the host alive, and which run of it is it?");
        group.MapGet("/ready", Lazily<HealthEndpoint>(app, (endpoint, context) => endpoint.ReadyAsync(context))).Describe<Health>("Are the models known?");
    }

    /// <summary>The endpoint is made with its first request, so that what it needs does not hold up the start.</summary>
    internal static RequestDelegate Lazily<T>(WebApplication app, Func<T, HttpContext, Task> handle)
        where T : notnull => context => handle(app.Services.GetRequiredService<T>(), context);

    /// <summary>What the OpenAPI document says of a route; without a method it would leave the route out.</summary>
    internal static IEndpointConventionBuilder Describe<T>(this IEndpointConventionBuilder route, string summary) => route
        .WithSummary(summary)
        .WithMetadata(DescribedBy, new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]),
            new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(ErrorBody), ["application/json"]));

    /// <summary>It can answer with events of this type too.</summary>
    internal static IEndpointConventionBuilder Streams<T>(this IEndpointConventionBuilder route) =>
        route.WithMetadata(new ProducesResponseTypeMetadata(ApiDescription.StreamStatus, typeof(T), ["text/event-stream"]));

    internal static IEndpointConventionBuilder Accepts<T>(this IEndpointConventionBuilder route, string contentType) =>
        route.WithMetadata(new AcceptsMetadata([contentType], typeof(T)));

    private static System.Reflection.MethodInfo DescribedBy { get; } = ((Delegate)Answer).Method;

    private static Task Answer(HttpContext context) => Task.CompletedTask;
}
