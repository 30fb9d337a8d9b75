using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Host.Storage;

/// <summary>Registers this feature.</summary>
public static class StorageServices
{
    /// <summary>
    /// Needs <see cref="HostOptions"/>, <see cref="TimeProvider"/>, every feature's <see cref="Schema"/> and every <see cref="Setting"/>
    /// among the services.
    /// </summary>
    public static IServiceCollection AddStorage(this IServiceCollection services) =>
        services.AddSingleton<Database>().AddSingleton(SettingsStore.Schema).AddSingleton<SettingsStore>();
}
