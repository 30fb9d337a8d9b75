using System.Net.Http.Json;
using Tandem.Host;
using Tandem.Host.Workers;

namespace Tandem.Cli;

/// <summary>
/// The host of a home, over HTTP: the one that runs, else one in this process for as long as this lives. Disposing it ends only the latter.
/// </summary>
internal sealed class HostConnection : IAsyncDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    private readonly SupervisorHost? _own;

    private HostConnection(HttpClient client, SupervisorHost? own) => (Client, _own) = (client, own);

    /// <summary>Its base address is the host's.</summary>
    public HttpClient Client { get; }

    /// <summary>A connection, or why there is none.</summary>
    public static async Task<(HostConnection? Connection, Complaint? Complaint)> OpenOrHostAsync(HostOptions options, CancellationToken cancellationToken)
    {
        var startedAt = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await FindAsync(options.HomeFolder, cancellationToken) is { } client)
                return (new HostConnection(client, null), null);
            switch (await SupervisorHost.StartAsync(options, new ListenOptions(), cancellationToken))
            {
                case SupervisorStart.Started { Host: var host }:
                    return (new HostConnection(ClientFor(host.Url), host), null);
                case SupervisorStart.Failed { Failure: var failure }:
                    return (null, new Complaint(ExitCodes.Failed, failure.Message, failure.NextStep ?? ""));
                // Somebody else's is just starting, or ending.
                case SupervisorStart.HomeTaken when TimeProvider.System.GetElapsedTime(startedAt) < StartWithin:
                    await Task.Delay(AskEvery, TimeProvider.System, cancellationToken);
                    break;
                case SupervisorStart.HomeTaken { Other: var other }:
                    return (null, new Complaint(ExitCodes.HostNotReachable,
                        $"The host of {options.HomeFolder}{(other is null ? "" : $" (pid {other.Pid}, {other.Url})")} does not answer.",
                        "End that process, or choose another home with TANDEM_HOME."));
                default:
                    return (null, new Complaint(ExitCodes.Failed, "No free port on 127.0.0.1.", "End a program that holds many."));
            }
        }
    }

    /// <summary>The host that runs; null when none does.</summary>
    public static async Task<HostConnection?> FindAsync(HostOptions options, CancellationToken cancellationToken) =>
        await FindAsync(options.HomeFolder, cancellationToken) is { } client ? new HostConnection(client, null) : null;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_own is not null)
            await _own.DisposeAsync();
    }

    /// <summary>A client of the host that runs; null when none does. A foreign program that got its port does not know its instance id.</summary>
    private static async Task<HttpClient?> FindAsync(string homeFolder, CancellationToken cancellationToken)
    {
        if (HomeLock.FindRunning(homeFolder, ProcessSystem.Current) is not { } record)
            return null;
        var client = ClientFor(record.Url);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerWithin);
        try
        {
            var health = await client.GetFromJsonAsync("/health", CliJson.Default.HealthView, limit.Token);
            if (health?.Instance == record.Instance)
                return client;
        }
        catch (Exception exception) when (exception is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        client.Dispose();
        return null;
    }

    private static HttpClient ClientFor(string url) => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = new Uri(url),
        // An answer takes as long as it takes.
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
