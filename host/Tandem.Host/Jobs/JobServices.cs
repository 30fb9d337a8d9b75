using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Jobs;

/// <summary>Registers this feature.</summary>
public static class JobServices
{
    /// <param name="onChange">Told of every change of a job; returns at once.</param>
    public static IServiceCollection AddJobs(this IServiceCollection services, Func<IServiceProvider, Action<JobSnapshot>> onChange) => services
        .AddSingleton(provider => new JobService(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JobService>>(), onChange(provider)))
        .AddHostedService(provider => provider.GetRequiredService<JobService>());
}
