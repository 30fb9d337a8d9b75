using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Tandem.Host.Api;
using Tandem.Host.Api.Management;
using Tandem.Host.Bench;
using Tandem.Host.Chat;
using Tandem.Host.Jobs;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Host.Storage;
using Tandem.Host.Telemetry;
using Tandem.Host.Web;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host;

/// <summary>Where the supervisor listens, and what it says meanwhile.</summary>
/// <param name="Port">0: one that is free.</param>
/// <param name="Address">Loopback only; null is 127.0.0.1.</param>
/// <param name="LogLevel">From which level on the log goes to standard error.</param>
public sealed record ListenOptions(int Port = 0, IPAddress? Address = null, LogLevel LogLevel = LogLevel.Warning);

/// <summary>Outcome of starting a supervisor.</summary>
public abstract record SupervisorStart
{
    /// <param name="Host">To be disposed, which stops it.</param>
    public sealed record Started(SupervisorHost Host) : SupervisorStart;

    /// <param name="Other">The supervisor that has this home; null while it is still starting.</param>
    public sealed record HomeTaken(HostRecord? Other) : SupervisorStart;

    /// <summary>Another program listens on the port.</summary>
    public sealed record PortTaken(IPEndPoint EndPoint) : SupervisorStart;

    /// <summary>The home cannot be used.</summary>
    public sealed record Failed(Failure Failure) : SupervisorStart;
}

/// <summary>The whole supervisor, put together: the one composition that <c>serve</c> and <c>run</c> share.</summary>
public sealed class SupervisorHost : IAsyncDisposable
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly HomeLock _home;
    private int _disposed;

    private SupervisorHost(WebApplication app, HomeLock home, string url) => (_app, _home, Url) = (app, home, url);

    /// <summary>E.g. <c>http://127.0.0.1:1234</c>.</summary>
    public string Url { get; }

    internal IServiceProvider Services => _app.Services;

    /// <summary>Takes the home, listens, and begins to look for models; requests that need them wait for that.</summary>
    public static async Task<SupervisorStart> StartAsync(HostOptions options, ListenOptions listen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(listen);
        HomeLock? home;
        try
        {
            home = HomeLock.TryTake(options, ProcessSystem.Current);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new SupervisorStart.Failed(new Failure(FailureCodes.InvalidValue,
                $"The home {options.HomeFolder} cannot be used: {exception.Message}", NextStep: "Choose another with --home or TANDEM_HOME."));
        }

        if (home is null)
            return new SupervisorStart.HomeTaken(HomeLock.FindRunning(options.HomeFolder, ProcessSystem.Current));
        var endPoint = new IPEndPoint(listen.Address ?? IPAddress.Loopback, listen.Port);
        var app = Build(options, endPoint, listen.LogLevel);
        // It opens while the rest starts.
        var database = app.Services.GetRequiredService<Database>();
        try
        {
            await app.StartAsync(cancellationToken);
            if (await database.Opened is DatabaseState.Unusable unusable)
            {
                await using var started = new SupervisorHost(app, home, "");
                return new SupervisorStart.Failed(unusable.Failure);
            }

            var url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            home.Publish(url);
            return new SupervisorStart.Started(new SupervisorHost(app, home, url));
        }
        catch (Exception exception)
        {
            await app.DisposeAsync();
            home.Dispose();
            if (exception is IOException { InnerException: AddressInUseException })
                return new SupervisorStart.PortTaken(endPoint);
            throw;
        }
    }

    /// <summary>Ends running answers, stops every worker, gives the home back; within ten seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        using var limit = new CancellationTokenSource(StopWithin);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _home.Dispose();
    }

    private static WebApplication Build(HostOptions options, IPEndPoint endPoint, LogLevel logLevel)
    {
        // The empty builder: no settings files, no environment variables of the framework (one of them could bind to the network).
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ContentRootPath = options.ApplicationFolder,
            EnvironmentName = Environments.Production,
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Limited where bodies are read, so that a body that is too large gets an answer rather than a closed connection.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            // A client that sends or reads slower than this is gone. For one that does not read at all it is what ends its answer.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(10));
            kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 2048, gracePeriod: TimeSpan.FromSeconds(15));
            kestrel.Listen(endPoint, connection => connection.Protocols = HttpProtocols.Http1);
        });
        builder.Logging.SetMinimumLevel(logLevel).AddFilter("Microsoft", LogLevel.Warning)
            // What keeps the host from starting is a result, said once by whoever started it.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical)
            .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss "));
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        AddServices(builder.Services, options);
        var app = builder.Build();
        app.UseApi();
        app.UseWeb();
        return app;
    }

    private static void AddServices(IServiceCollection services, HostOptions options)
    {
        // Signals belong to the command line.
        services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoLifetime>());
        services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = StopWithin);
        services.AddSingleton(options).AddSingleton(TimeProvider.System);
        services.AddRoutingCore();
        services.AddSingleton<EventHub>().AddStorage().AddJobs(ManagementEvents.OfJobs).AddSingleton(ManagementEvents.OfInstances)
            .AddSingleton(ManagementEvents.OfRequests).AddSingleton(ManagementEvents.OfAnswers).AddSingleton(ManagementEvents.OfRuntimes);
        services.AddPlugins().AddRuntimes().AddWorkers().AddServing().AddBench().AddApi().AddWeb();
        services.AddSingleton<ChatTemplate>().AddSingleton<ChatService>().AddSingleton<EmbeddingService>();
        services.AddModels(UsablePlugins).AddPairs(UsablePlugins, ModelRoutes.PublishIndex);
        services.AddRuntimeChecks();
    }

    private static IReadOnlyList<IEnginePlugin> UsablePlugins(IServiceProvider provider) =>
        [.. provider.GetRequiredService<PluginCatalogue>().Plugins
            .Select(plugin => plugin.Status).OfType<PluginStatus.Loaded>().Select(loaded => loaded.Plugin)];

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
