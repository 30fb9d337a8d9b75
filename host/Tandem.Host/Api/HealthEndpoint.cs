using System.Reflection;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Models;

namespace Tandem.Host.Api;

/// <summary><c>GET /health</c>: alive, and who. <c>GET /health/ready</c>: 200 once the models are known.</summary>
internal sealed class HealthEndpoint(HostOptions options, ModelCatalogue models)
{
    public static readonly string Version =
        typeof(HealthEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    public Task AliveAsync(HttpContext context) => WriteAsync(context, "ok");

    public Task ReadyAsync(HttpContext context)
    {
        if (models.Ready.IsCompletedSuccessfully)
            return WriteAsync(context, "ok");
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = "1";
        return WriteAsync(context, "starting");
    }

    private Task WriteAsync(HttpContext context, string status) => context.Response.WriteAsJsonAsync(
        new Health(status, options.InstanceId, Version), ApiJson.Wire.Health, cancellationToken: context.RequestAborted);
}
