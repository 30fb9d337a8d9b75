using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace Tandem.Host.Api;

/// <summary>
/// Keeps web pages of others out, although a browser on this machine can reach the port. <c>Host</c> must name this machine's loopback
/// (a rebound DNS name does not), <c>Origin</c> must be our own (a foreign page's is not), and what acts needs a JSON content type
/// (which a foreign page cannot send without being asked first).
/// </summary>
internal sealed class RequestGuard(RequestDelegate next, ILogger<RequestGuard> logger)
{
    public Task InvokeAsync(HttpContext context) => Check(context) is { } failure ? RefuseAsync(context, failure) : next(context);

    private Task RefuseAsync(HttpContext context, Failure failure)
    {
        ApiLog.Refused(logger, context.Request.Method, context.Request.Path, failure.Message);
        return ApiErrors.WriteAsync(context, failure);
    }

    private static Failure? Check(HttpContext context)
    {
        var request = context.Request;
        if (!IsOurs(request.Host, context.Connection.LocalPort))
        {
            return new Failure(ApiCodes.ForbiddenHost, $"The Host header '{request.Host}' is not this machine's loopback address and port.",
                NextStep: $"Use http://127.0.0.1:{context.Connection.LocalPort} or http://localhost:{context.Connection.LocalPort}.");
        }

        if (request.Headers.Origin is { Count: > 0 } origin && !IsSameOrigin(origin.ToString(), request))
            return new Failure(ApiCodes.ForbiddenOrigin, $"Requests from pages of '{origin}' are not allowed.");
        if (HttpMethods.IsPost(request.Method) && !IsJson(request.ContentType))
        {
            return new Failure(ApiCodes.UnsupportedMediaType, "A POST needs the header 'Content-Type: application/json', in UTF-8.",
                NextStep: "Send a JSON body with that header.");
        }

        return null;
    }

    private static bool IsOurs(HostString host, int port) =>
        host.HasValue && (host.Port ?? 80) == port && LoopbackAddress.IsLoopbackName(host.Host);

    private static bool IsSameOrigin(string origin, HttpRequest request) =>
        string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));
}
