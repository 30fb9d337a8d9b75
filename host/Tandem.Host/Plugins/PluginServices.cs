using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Host.Plugins;

/// <summary>Registers this feature.</summary>
public static class PluginServices
{
    /// <summary>Needs <see cref="HostOptions"/> among the services.</summary>
    public static IServiceCollection AddPlugins(this IServiceCollection services) => services.AddSingleton<PluginCatalogue>();
}
