using Microsoft.Extensions.DependencyInjection;

namespace Tandem.Host.Bench;

/// <summary>Registers this feature.</summary>
internal static class BenchServices
{
    public static IServiceCollection AddBench(this IServiceCollection services) => services
        .AddSingleton(BenchHistory.Schema)
        .AddSingleton<BenchHistory>()
        .AddSingleton<BenchRunner>();
}
