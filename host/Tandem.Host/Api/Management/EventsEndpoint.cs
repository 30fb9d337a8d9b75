using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Tandem.Host.Telemetry;

namespace Tandem.Host.Api.Management;

/// <summary>
/// <c>GET /api/tandem/events</c>: what happens, as server-sent events, until the client goes. <c>?kinds=worker,job</c> leaves others out.
/// </summary>
internal sealed class EventsEndpoint(EventHub hub, IHostApplicationLifetime host, TimeProvider clock)
{
    /// <summary>A line without meaning every so often: that is how a client that is gone is noticed.</summary>
    private static readonly TimeSpan AliveEvery = TimeSpan.FromSeconds(15);

    public async Task StreamAsync(HttpContext context)
    {
        var kinds = context.Request.Query["kinds"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.ApplicationStopping);
        using var subscription = hub.Subscribe();
        var response = context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        try
        {
            await SendAsync(": listening\n\n"u8);
            while (await NewsAsync(subscription, end.Token) is { } news)
            {
                if (!news)
                    await SendAsync(": alive\n\n"u8);
                while (news && subscription.TryRead(out var happened))
                {
                    if (kinds.Length == 0 || kinds.Contains(happened.Kind) || happened.Kind == EventKinds.Resync)
                        Write(response, happened);
                }

                await response.BodyWriter.FlushAsync(end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The client has gone, or Tandem stops.
        }

        ValueTask<System.IO.Pipelines.FlushResult> SendAsync(ReadOnlySpan<byte> line)
        {
            response.BodyWriter.Write(line);
            return response.BodyWriter.FlushAsync(end.Token);
        }
    }

    /// <summary>True: something is there; false: nothing for a while; null: never again.</summary>
    private async Task<bool?> NewsAsync(EventSubscription subscription, CancellationToken cancellationToken)
    {
        using var quiet = new CancellationTokenSource(AliveEvery, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(quiet.Token, cancellationToken);
        try
        {
            return await subscription.WaitAsync(either.Token) ? true : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static void Write(HttpResponse response, HostEvent happened)
    {
        var writer = response.BodyWriter;
        writer.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: {happened.Kind}\nid: {happened.Id}\ndata: ")));
        writer.Write(happened.Data.Span);
        writer.Write("\n\n"u8);
    }
}
