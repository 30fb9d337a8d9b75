namespace Tandem.Host.Api.Management;

/// <summary>A failure inside something larger (a job, a worker); the error body of a request is <see cref="ErrorBody"/>.</summary>
/// <param name="RetryAfter">Seconds.</param>
internal sealed record FailureItem(string Code, string Message, string? Param, string? NextStep, double? RetryAfter)
{
    public static FailureItem? Of(Failure? failure) => failure is null
        ? null
        : new FailureItem(failure.Code, failure.Message, failure.Param, failure.NextStep, failure.RetryAfter?.TotalSeconds);
}
