using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Host.Web;

/// <summary>Registers the pages and puts them before the API.</summary>
internal static class WebServices
{
    public static IServiceCollection AddWeb(this IServiceCollection services) => services.AddSingleton<WebFiles>();

    /// <summary>Not routes: they are no part of the interface that <c>/openapi/v1.json</c> describes.</summary>
    public static void UseWeb(this WebApplication app) => app.UseMiddleware<WebPages>();
}
