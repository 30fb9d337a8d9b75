using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Api.Loading;
using Tandem.Host.Bench;

namespace Tandem.Host.Api.Management;

/// <summary>The supervisor's own part of <c>/api/tandem</c>: workers, events, jobs, settings, system.</summary>
internal static class SupervisorRoutes
{
    public static IServiceCollection AddSupervisorApi(this IServiceCollection services) => services
        .AddSingleton<LoadRequestReader>()
        .AddSingleton<AnswersEndpoint>()
        .AddSingleton<BenchEndpoint>()
        .AddSingleton<EventsEndpoint>()
        .AddSingleton<JobsEndpoint>()
        .AddSingleton<SettingsEndpoint>()
        .AddSingleton<SystemEndpoint>()
        .AddSingleton<WorkersEndpoint>();

    public static void MapSupervisor(this WebApplication app)
    {
        var group = app.MapGroup("/api/tandem").WithTags("Tandem");
        group.MapGet("/answers", ApiServices.Lazily<AnswersEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<AnswerList>("The last answers with their figures, whoever asked");
        group.MapPost("/bench", ApiServices.Lazily<BenchEndpoint>(app, (endpoint, context) => endpoint.StartAsync(context)))
            .Describe<JobItem>("Measures a model without a draft, with drafts and with n-grams; the job's result is the table");
        group.MapGet("/bench", ApiServices.Lazily<BenchEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<BenchReports>("What was measured before, newest first; model: only of this one");
        group.MapGet("/events", ApiServices.Lazily<EventsEndpoint>(app, (endpoint, context) => endpoint.StreamAsync(context)))
            .Describe<string>("What happens, as server-sent events: worker, load, index, runtime, job, request, answer, resync");
        group.MapGet("/jobs", ApiServices.Lazily<JobsEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<JobList>("Long actions, running and ended");
        group.MapGet("/jobs/{id}", ApiServices.Lazily<JobsEndpoint>(app, (endpoint, context) => endpoint.GetAsync(context)))
            .Describe<JobItem>("One long action");
        group.MapDelete("/jobs/{id}", ApiServices.Lazily<JobsEndpoint>(app, (endpoint, context) => endpoint.DeleteAsync(context)))
            .Describe<JobItem>("Cancels a long action, or forgets one that has ended");
        group.MapGet("/settings", ApiServices.Lazily<SettingsEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<SettingList>("Everything that can be set, with value, default and bounds");
        group.MapPut("/settings", ApiServices.Lazily<SettingsEndpoint>(app, (endpoint, context) => endpoint.ChangeAsync(context)))
            .Describe<SettingList>("Sets some: an object of keys and values; null puts a default back");
        group.MapGet("/workers", ApiServices.Lazily<WorkersEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<WorkerList>("Loaded models and the processes that run them");
        group.MapPost("/workers", ApiServices.Lazily<WorkersEndpoint>(app, (endpoint, context) => endpoint.StartAsync(context)))
            .Describe<JobItem>("Loads a model: model, draft_model, ttl, runtime, load");
        group.MapDelete("/workers/{id}", ApiServices.Lazily<WorkersEndpoint>(app, (endpoint, context) => endpoint.StopAsync(context)))
            .Describe<JobItem>("Unloads a model");
        group.MapGet("/workers/{id}/log", ApiServices.Lazily<WorkersEndpoint>(app, (endpoint, context) => endpoint.LogAsync(context)))
            .Describe<WorkerLogLines>("The last lines that a worker wrote");
        group.MapGet("/system", ApiServices.Lazily<SystemEndpoint>(app, (endpoint, context) => endpoint.GetAsync(context)))
            .Describe<SystemReport>("The supervisor and the machine under it, now");
    }
}
