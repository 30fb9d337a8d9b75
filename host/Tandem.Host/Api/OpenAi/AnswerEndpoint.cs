using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Every endpoint that generates: <c>/v1</c> and <c>/api/v0</c>, <c>chat/completions</c> and <c>completions</c>; answers whole or streamed.</summary>
internal sealed class AnswerEndpoint(
    ChatService chats, HostOptions host, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AnswerEndpoint> logger)
{
    /// <param name="native">LM Studio's v0: the answer also tells its model and runtime.</param>
    public Task ChatAsync(HttpContext context, bool native) => HandleAsync(context, new ChatFormat(), native);

    /// <inheritdoc cref="ChatAsync"/>
    public Task CompleteAsync(HttpContext context, bool native) => HandleAsync(context, new CompletionFormat(), native);

    private async Task HandleAsync(HttpContext context, AnswerFormat format, bool native)
    {
        var arrivedAt = time.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await AnswerAsync(context, format, native, arrivedAt, stop.Token);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            ApiLog.ClientGone(logger, context.Connection.Id);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await SayStoppingAsync(context);
        }
    }

    private static async Task SayStoppingAsync(HttpContext context)
    {
        using var stream = new EventStream(context.Response);
        var failure = new Failure(ApiCodes.HostStopping, "Tandem is being stopped.", RetryAfter: TimeSpan.FromSeconds(5));
        await stream.FailAsync(failure, context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context, AnswerFormat format, bool native, long arrivedAt, CancellationToken cancellationToken)
    {
        var (read, failure) = await ReadAsync(context, format, arrivedAt, cancellationToken);
        if (read is null)
        {
            await ApiErrors.WriteAsync(context, failure!);
            return;
        }

        using var stream = new EventStream(context.Response);
        var keepAlive = new KeepAlive(stream, host.StreamKeepAlive, time);
        var starting = AnswerGroup.StartAsync(chats, read.Requests, cancellationToken);
        if (read.Options.Stream)
            await WaitForModelAsync(starting, keepAlive, cancellationToken);
        switch (await starting)
        {
            case GroupStart.Refused refused:
                ApiLog.Failed(logger, context.Connection.Id, read.Requests[0].Model, refused.Failure.Code, refused.Failure.Message);
                await stream.FailAsync(ChatMapping.FailureOf(refused.Failure, format.PromptField), cancellationToken);
                break;
            case GroupStart.Started { Group: var group }:
                using (group)
                {
                    var head = new AnswerHead(group.First.Id, time.GetUtcNow().ToUnixTimeSeconds(), group.First, read.Options, native);
                    var writer = new AnswerWriter(context, group, format, head, logger);
                    await (read.Options.Stream ? writer.StreamAsync(stream, keepAlive, cancellationToken) : writer.WriteWholeAsync(cancellationToken));
                }

                break;
        }
    }

    /// <summary>A model may have to be loaded first, or is busy with the requests of others.</summary>
    private static async Task WaitForModelAsync(Task<GroupStart> starting, KeepAlive keepAlive, CancellationToken cancellationToken)
    {
        try
        {
            await keepAlive.UntilAsync(starting, () => "waiting for the model", cancellationToken);
        }
        catch
        {
            if (starting.IsCompletedSuccessfully && await starting is GroupStart.Started { Group: var unwanted })
                unwanted.Dispose();
            throw;
        }
    }

    private static async Task<(ReadAnswerRequest? Request, Failure? Failure)> ReadAsync(
        HttpContext context, AnswerFormat format, long arrivedAt, CancellationToken cancellationToken)
    {
        using var body = await RequestBody.ReadAsync(context.Request, cancellationToken);
        if (body.Failure is not null)
            return (null, body.Failure);
        var problems = new FieldProblems();
        return (format.Read(body.Root, arrivedAt, problems), problems.First);
    }
}
