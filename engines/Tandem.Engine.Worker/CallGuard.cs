using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;
using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>
/// Around every call, health included: no call without the instance token, and no failure without an <see cref="ErrorDetail"/>.
/// </summary>
internal sealed class CallGuard(WorkerIdentity identity, ILogger<CallGuard> log) : Interceptor
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(identity.Token);

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        CheckToken(context);
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e)
        {
            throw Explain(e, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        CheckToken(context);
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e)
        {
            throw Explain(e, context);
        }
    }

    private void CheckToken(ServerCallContext context)
    {
        var given = Encoding.UTF8.GetBytes(context.RequestHeaders.GetValue(WorkerContract.TokenHeader) ?? "");
        if (CryptographicOperations.FixedTimeEquals(given, _token))
            return;
        Log.TokenRefused(log, context.Method);
        throw Refusal.Create(
            StatusCode.Unauthenticated,
            "invalid_token",
            $"the metadata '{WorkerContract.TokenHeader}' does not hold the token of this worker",
            "Only the supervisor that started a worker can call it.");
    }

    private RpcException Explain(Exception e, ServerCallContext context)
    {
        switch (e)
        {
            case RpcException known when Refusal.DetailOf(known) is not null:
                return known;
            case RpcException { StatusCode: StatusCode.Unimplemented }:
                return Refusal.NotSupported("", $"this engine does not have {context.Method}");
            case RpcException known:
                return Refusal.Create(known.StatusCode, "failed", known.Status.Detail);
            case OperationCanceledException when context.CancellationToken.IsCancellationRequested:
                return Refusal.Create(StatusCode.Cancelled, "cancelled", "the caller cancelled the call");
            case OperationCanceledException when identity.Lifetime.Stopping.IsCancellationRequested:
                return Refusal.Unavailable("stopping", "the worker is ending");
            default:
                Log.Unexpected(log, e, context.Method);
                return Refusal.Internal(
                    "internal", $"{context.Method} failed unexpectedly: {e.GetType().Name}: {e.Message}", "The worker's log has the details.");
        }
    }
}
