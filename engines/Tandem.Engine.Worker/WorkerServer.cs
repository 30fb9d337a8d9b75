using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>
/// Serves the worker contract on a Unix socket (Windows: a named pipe) until <see cref="WorkerLifetime.Stopping"/>. Calls and health run
/// on the thread pool: an engine computes on threads of its own and never blocks a pool thread.
/// </summary>
/// <remarks>
/// Clients built on grpcio send the socket's path, percent-encoded, as <c>:authority</c>, which Kestrel refuses: they set the channel
/// option <c>grpc.default_authority</c> to <c>localhost</c>.
/// </remarks>
public static class WorkerServer
{
    /// <summary>Exit code when the endpoint could not be bound.</summary>
    public const int CannotListen = 3;

    /// <summary>How long running calls have after <see cref="WorkerLifetime.Stopping"/>.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private const int MinimumPoolThreads = 8;

    /// <summary>
    /// Listens, prints the start line on standard output, serves, ends. Returns the exit code for <c>Main</c>: 0 after an orderly end,
    /// <see cref="CannotListen"/> with the reason on standard error.
    /// </summary>
    /// <param name="identity">From <see cref="WorkerProcess.Begin"/>.</param>
    /// <param name="service">The engine; its <c>Shutdown</c> calls <see cref="WorkerLifetime.RequestStop"/> and returns.</param>
    /// <param name="options">Null: the defaults.</param>
    public static async Task<int> RunAsync(
        WorkerIdentity identity, Tandem.Protocol.Engine.EngineBase service, WorkerServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(service);
        var path = SocketPlace.FindPath(identity.SocketDirectory, out var reason);
        if (path is null)
        {
            await Console.Error.WriteLineAsync($"worker cannot listen: {reason}");
            return CannotListen;
        }

        ThreadPool.GetMinThreads(out var threads, out var completion);
        ThreadPool.SetMinThreads(Math.Max(threads, MinimumPoolThreads), completion);
        var endpoint = OperatingSystem.IsWindows() ? $"pipe:tandem-{Guid.NewGuid():N}" : $"unix:{path}";
        await using var app = Build(identity, service, endpoint);
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Tandem.Engine.Worker");
        try
        {
            await app.StartAsync(CancellationToken.None);
        }
        catch (IOException e)
        {
            Log.CannotListen(log, e, endpoint);
            return CannotListen;
        }

        var line = new StartLine(endpoint, Environment.ProcessId, WorkerContract.ProtocolMax);
        PrintStartLine(options?.ReplaceStartLine?.Invoke(line) ?? line.ToJson());
        using (var self = Process.GetCurrentProcess())
            Log.Listening(log, endpoint, (long)(TimeProvider.System.GetLocalNow().DateTime - self.StartTime).TotalMilliseconds);

        await EndOf(identity.Lifetime);
        Log.Ending(log);
        using var bound = new CancellationTokenSource(StopTimeout, TimeProvider.System);
        await app.StopAsync(bound.Token);
        return 0;
    }

    private static WebApplication Build(WorkerIdentity identity, Tandem.Protocol.Engine.EngineBase service, string endpoint)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (OperatingSystem.IsWindows())
            builder.WebHost.UseNamedPipes();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, endpoint));
        builder.Logging.AddProvider(new StandardErrorLog());
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Tandem", LogLevel.Information);

        var services = builder.Services;
        services.AddRoutingCore();
        services.AddSingleton<IHostLifetime, NoHostLifetime>();
        services.AddSingleton(identity);
        services.AddSingleton(service);
        services.AddSingleton(new HealthService(identity.Lifetime));
        services.AddSingleton<CallGuard>();
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = WorkerContract.MaxMessageBytes;
            grpc.MaxSendMessageSize = WorkerContract.MaxMessageBytes;
            grpc.Interceptors.Add<CallGuard>();
        });

        var app = builder.Build();
        app.MapGrpcService<Tandem.Protocol.Engine.EngineBase>();
        app.MapGrpcService<HealthService>();
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, string endpoint)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        // The gRPC message limit is the limit; a slow reader or an idle connection of the one supervisor is no reason to cut it.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        // Not infinite: Kestrel adds to the infinite value, which overflows, and cuts every idle connection a second later.
        limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        limits.Http2.MaxStreamsPerConnection = 1024;
        var name = endpoint[(endpoint.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (OperatingSystem.IsWindows())
            kestrel.ListenNamedPipe(name, o => o.Protocols = HttpProtocols.Http2);
        else
            kestrel.ListenUnixSocket(name, o => o.Protocols = HttpProtocols.Http2);
    }

    private static void PrintStartLine(string line)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        output.Flush();
    }

    private static async Task EndOf(WorkerLifetime lifetime)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.Stopping.Register(ended.SetResult))
            await ended.Task;
    }

    /// <summary>Signals are <see cref="ParentWatch"/>'s: the host must not take them.</summary>
    private sealed class NoHostLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
