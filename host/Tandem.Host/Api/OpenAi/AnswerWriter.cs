using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Writes the answers of one request to its client, as one object or as server-sent events.</summary>
internal sealed class AnswerWriter(
    HttpContext context, AnswerGroup group, AnswerFormat format, AnswerHead head, ILogger logger)
{
    private readonly List<ChatStatistics?> _ended = [.. new ChatStatistics?[group.Count]];
    private ChatEvent.Progress? _progress;

    public async Task WriteWholeAsync(CancellationToken cancellationToken)
    {
        var answers = Enumerable.Range(0, group.Count).Select(_ => new CollectedAnswer()).ToList();
        await foreach (var (index, chatEvent) in group.ReadAsync(cancellationToken))
        {
            switch (chatEvent)
            {
                case ChatEvent.Delta delta:
                    answers[index].Add(delta);
                    break;
                case ChatEvent.Failed failed:
                    LogFailure(failed.Failure);
                    await ApiErrors.WriteAsync(context, ChatMapping.FailureOf(failed.Failure, format.PromptField));
                    return;
                case ChatEvent.Completed completed:
                    LogAnswer(completed.Statistics);
                    answers[index].Statistics = completed.Statistics;
                    break;
            }
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await format.WriteWholeAsync(context.Response.Body, head, answers, cancellationToken);
    }

    /// <summary>
    /// Until the first event or comment the status is open, so that what fails before it is an ordinary error. While nothing comes for long
    /// (a long prompt, a queue), comments keep the connection alive.
    /// </summary>
    public async Task StreamAsync(EventStream stream, KeepAlive keepAlive, CancellationToken cancellationToken)
    {
        await using var events = group.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(events, stream, keepAlive, cancellationToken))
        {
            var (index, chatEvent) = events.Current;
            if (chatEvent is ChatEvent.Failed { Failure: var failure })
            {
                LogFailure(failure);
                await stream.FailAsync(ChatMapping.FailureOf(failure, format.PromptField), cancellationToken);
                return;
            }

            if (chatEvent is ChatEvent.Progress progress)
            {
                _progress = progress;
                continue;
            }

            keepAlive.MarkSpoken();
            Write(stream, index, chatEvent);
        }

        await stream.FlushAsync(cancellationToken);
    }

    private async ValueTask<bool> NextAsync(
        IAsyncEnumerator<(int, ChatEvent)> events, EventStream stream, KeepAlive keepAlive, CancellationToken cancellationToken)
    {
        var next = events.MoveNextAsync();
        if (next.IsCompleted && !stream.IsFull)
            return await next;
        // What comes faster than it can be sent goes out together.
        var waiting = next.AsTask();
        try
        {
            await stream.FlushAsync(cancellationToken);
        }
        catch
        {
            // The client has gone: the answer hears of it too, and only then can its reader be given up.
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await keepAlive.UntilAsync(waiting, Describe, cancellationToken);
        return await waiting;
    }

    private string Describe() => _progress is { } progress ? $"prompt: {progress.Processed} of {progress.Total} tokens" : "waiting";

    private void Write(EventStream stream, int index, ChatEvent chatEvent)
    {
        if (!stream.HasEvents)
            format.WriteStart(stream, head);
        if (chatEvent is ChatEvent.Delta delta)
        {
            format.WriteDelta(stream, head, index, delta);
            return;
        }

        var statistics = ((ChatEvent.Completed)chatEvent).Statistics;
        LogAnswer(statistics);
        _ended[index] = statistics;
        List<ChatStatistics>? all = _ended.Contains(null) ? null : [.. _ended.OfType<ChatStatistics>()];
        format.WriteFinish(stream, head, index, statistics, all);
        if (all is null)
            return;
        if (head.Options.IncludeUsage)
            format.WriteUsage(stream, head, all);
        stream.WriteDone();
    }

    private void LogAnswer(ChatStatistics statistics) => ApiLog.Answered(
        logger, head.Id, head.Model, statistics.EmittedTokens, statistics.TokensPerSecond, statistics.StopReason);

    private void LogFailure(Failure failure) => ApiLog.Failed(logger, head.Id, head.Model, failure.Code, failure.Message);
}
