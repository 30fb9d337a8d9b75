using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Host.Api.Management;

/// <summary><c>/api/tandem/runtimes</c>.</summary>
internal static class RuntimeRoutes
{
    public static IServiceCollection AddRuntimeApi(this IServiceCollection services) => services
        .AddSingleton<RuntimesEndpoint>()
        .AddSingleton<RuntimeInstallEndpoint>();

    public static void MapRuntimes(this WebApplication app)
    {
        var group = app.MapGroup("/api/tandem/runtimes").WithTags("Tandem");
        group.MapGet("", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<RuntimeList>("Engine plugins and installed runtimes, with what is known of each");
        group.MapGet("/available", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.AvailableAsync(context)))
            .Describe<AvailableRuntimes>("What can be installed here; ?query= leaves others out");
        group.MapPost("", ApiServices.Lazily<RuntimeInstallEndpoint>(app, (endpoint, context) => endpoint.InstallAsync(context)))
            .Describe<JobItem>("Installs a runtime, or a build of one's own; 202 with a job").Accepts<InstallRequest>("application/json");
        group.MapPost("/{id}/survey", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.SurveyAsync(context)))
            .Describe<RuntimeItem>("Checks one again: files, conditions, probe");
        group.MapPost("/{id}/select", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.SelectAsync(context)))
            .Describe<RuntimeItem>("Models of its formats, or one model, get it from their next load on").Accepts<SelectRequest>("application/json");
        group.MapPost("/{id}/update", ApiServices.Lazily<RuntimeInstallEndpoint>(app, (endpoint, context) => endpoint.UpdateAsync(context)))
            .Describe<JobItem>("Installs the newest of its engine and variant and selects it; 202 with a job").Accepts<UpdateRequest>("application/json");
        group.MapPost("/{id}/rollback", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.RollBackAsync(context)))
            .Describe<RuntimeItem>("What was selected before it is selected again");
        group.MapDelete("/{id}", ApiServices.Lazily<RuntimesEndpoint>(app, (endpoint, context) => endpoint.RemoveAsync(context)))
            .Describe<RemovedRuntime>("Removes one that nobody uses; ?dry_run only says whether it could");
    }
}
