using Grpc.Core;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>Turns what a call to a worker threw into a <see cref="Failure"/>.</summary>
internal static class WorkerCalls
{
    /// <summary>The worker's own words about a refusal; null when it sent none (it may be gone).</summary>
    public static Failure? RefusalOf(RpcException exception)
    {
        var bytes = exception.Trailers.FirstOrDefault(entry => entry.Key == WorkerContract.ErrorTrailer)?.ValueBytes;
        if (bytes is null)
            return null;
        try
        {
            var detail = ErrorDetail.Parser.ParseFrom(bytes);
            return new Failure(
                detail.Code,
                detail.Message,
                detail.Field.Length > 0 ? detail.Field : null,
                detail.NextStep.Length > 0 ? detail.NextStep : null,
                detail.RetryAfter > 0 ? TimeSpan.FromSeconds(detail.RetryAfter) : null);
        }
        catch (Google.Protobuf.InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>The refusal, or the exit of the worker (waited for briefly: the broken call is often seen first), or the bare status.</summary>
    public static async Task<Failure> ExplainAsync(RpcException exception, IWorkerProcess process, WorkerTimes times)
    {
        if (RefusalOf(exception) is { } refusal)
            return refusal;
        if (await times.EndsWithinAsync(process.Exited, times.ExitNotice))
            return Crash(await process.Exited);
        return exception.StatusCode == StatusCode.Unauthenticated
            ? new Failure(FailureCodes.RuntimeBroken, "The worker does not know the token it was started with.", NextStep: "Install the engine again.")
            : new Failure(
                FailureCodes.WorkerCrashed,
                $"The call to the worker failed ({exception.StatusCode}): {exception.Status.Detail}",
                NextStep: "Try again; the worker's log may say more.");
    }

    public static Failure Crash(WorkerExit exit) =>
        new(FailureCodes.WorkerCrashed, $"The worker ended with {exit.Cause}", NextStep: exit.NextStep);
}
