using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Jobs;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Host.Telemetry;
using Tandem.Host.Workers;

namespace Tandem.Host.Api.Management;

/// <summary>Turns changes inside the supervisor into events of <c>GET /api/tandem/events</c>, with the same items as the lists have.</summary>
internal static class ManagementEvents
{
    public static Action<JobSnapshot> OfJobs(IServiceProvider services)
    {
        var hub = services.GetRequiredService<EventHub>();
        return job => hub.Publish(EventKinds.Job, JobItem.Of(job), ManagementJson.Wire.JobItem);
    }

    public static RequestChanged OfRequests(IServiceProvider services)
    {
        var hub = services.GetRequiredService<EventHub>();
        return (instance, worker, draft, completed) => hub.Publish(
            EventKinds.Request,
            new RequestItem(instance, worker, draft, completed switch { null => "began", true => "completed", false => "failed" }),
            ManagementJson.Wire.RequestItem);
    }

    public static AnswerEnded OfAnswers(IServiceProvider services)
    {
        var hub = services.GetRequiredService<EventHub>();
        return answer => hub.Publish(EventKinds.Answer, AnswerItem.Of(answer), ManagementJson.Wire.AnswerItem);
    }

    public static RuntimesChanged OfRuntimes(IServiceProvider services)
    {
        var hub = services.GetRequiredService<EventHub>();
        return (surveyed, installed) => hub.Publish(EventKinds.Runtime, new RuntimeNews(surveyed, installed), RuntimeApiJson.Wire.RuntimeNews);
    }

    public static InstanceChanged OfInstances(IServiceProvider services)
    {
        var (hub, processes) = (services.GetRequiredService<EventHub>(), services.GetRequiredService<IProcessSystem>());
        return instance =>
        {
            if (hub.HasListeners)
            {
                var kind = instance.Worker?.State == WorkerState.Loading ? EventKinds.Load : EventKinds.Worker;
                hub.Publish(kind, WorkerItem.Of(instance, processes), ManagementJson.Wire.WorkerItem);
            }
        };
    }
}
