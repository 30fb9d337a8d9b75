using Grpc.Core;
using Grpc.Health.V1;

namespace Tandem.Engine.Worker;

/// <summary>
/// grpc.health.v1: SERVING from the first connection on, NOT_SERVING once the end has begun. It says that the process answers, not that
/// a model is loaded. The stock implementation keeps a <c>Watch</c> open for ever, which would hold up the end.
/// </summary>
internal sealed class HealthService(WorkerLifetime lifetime) : Health.HealthBase
{
    private const string EngineName = "tandem.engine.v1.Engine";

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        if (request.Service is not ("" or EngineName))
            throw Refusal.NotFound("unknown_service", "service", $"this worker has no service '{request.Service}'");
        return Task.FromResult(Now(request.Service));
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(Now(request.Service), context.CancellationToken);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.Stopping.Register(stopping.SetResult))
            await stopping.Task.WaitAsync(context.CancellationToken);
        await responseStream.WriteAsync(Now(request.Service), context.CancellationToken);
    }

    private HealthCheckResponse Now(string service) => new()
    {
        Status = service is not ("" or EngineName) ? HealthCheckResponse.Types.ServingStatus.ServiceUnknown
            : lifetime.Stopping.IsCancellationRequested ? HealthCheckResponse.Types.ServingStatus.NotServing
            : HealthCheckResponse.Types.ServingStatus.Serving,
    };
}
