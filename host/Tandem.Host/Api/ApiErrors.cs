using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tandem.Host.Api;

/// <summary>Error codes that only the HTTP border makes; all others are in <see cref="FailureCodes"/>.</summary>
internal static class ApiCodes
{
    public const string NotFound = "not_found";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string RequestTooLarge = "request_too_large";
    public const string ForbiddenHost = "forbidden_host";
    public const string ForbiddenOrigin = "forbidden_origin";
    public const string HostStopping = "host_stopping";
    public const string InternalError = "internal_error";
}

/// <summary>The one place where a <see cref="Failure"/> becomes a status and the error body of every endpoint.</summary>
internal static class ApiErrors
{
    /// <summary>Set on an answer that is complete although it has an error status and, perhaps, no body.</summary>
    private static readonly object Written = new();

    public static int StatusOf(Failure failure) => failure.Code switch
    {
        FailureCodes.DraftEngineMismatch or FailureCodes.DraftVocabularyMismatch or FailureCodes.ContextLengthExceeded
            or FailureCodes.ImagesNotSupported or FailureCodes.NotSupported or FailureCodes.RuntimeOutdated
            or FailureCodes.InvalidValue => StatusCodes.Status400BadRequest,
        ApiCodes.ForbiddenHost or ApiCodes.ForbiddenOrigin => StatusCodes.Status403Forbidden,
        FailureCodes.ModelNotFound or FailureCodes.RuntimeNotFound or FailureCodes.ChatNotFound or ApiCodes.NotFound => StatusCodes.Status404NotFound,
        ApiCodes.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        FailureCodes.RuntimeInUse => StatusCodes.Status409Conflict,
        ApiCodes.RequestTooLarge => StatusCodes.Status413PayloadTooLarge,
        ApiCodes.UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
        FailureCodes.QueueFull => StatusCodes.Status429TooManyRequests,
        FailureCodes.ModelLoadFailed or FailureCodes.InsufficientMemory or FailureCodes.WorkerCrashed or FailureCodes.ModelUnloaded
            or FailureCodes.RuntimeBroken or FailureCodes.InstallFailed or FailureCodes.StorageFailed or ApiCodes.HostStopping => StatusCodes.Status503ServiceUnavailable,
        // A code of the worker's own: it refused a field, or it could not do its work.
        _ when failure.Param is not null => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    public static ErrorBody Body(Failure failure)
    {
        var message = failure.NextStep is { Length: > 0 } advice ? $"{failure.Message}\n{advice}" : failure.Message;
        return new ErrorBody(new ErrorDto(message, TypeOf(StatusOf(failure)), failure.Param, failure.Code));
    }

    public static async Task WriteAsync(HttpContext context, Failure failure)
    {
        var response = context.Response;
        response.StatusCode = StatusOf(failure);
        response.ContentType = "application/json; charset=utf-8";
        if (failure.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Items[Written] = Written;
        await JsonSerializer.SerializeAsync(response.Body, Body(failure), ApiJson.Wire.ErrorBody, context.RequestAborted);
    }

    /// <summary>Gives a bare status of the framework (no such route, wrong method, …) its body.</summary>
    public static Task CompleteAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || context.Items.ContainsKey(Written))
            return Task.CompletedTask;
        var request = $"{context.Request.Method} {context.Request.Path}";
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => WriteAsync(context, new Failure(
                ApiCodes.NotFound, $"There is nothing at {request}.", NextStep: "GET /openapi/v1.json lists what there is.")),
            StatusCodes.Status405MethodNotAllowed => WriteAsync(context, new Failure(
                ApiCodes.MethodNotAllowed, $"{request} is not possible; allowed here: {response.Headers.Allow}.")),
            _ => Task.CompletedTask,
        };
    }

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
