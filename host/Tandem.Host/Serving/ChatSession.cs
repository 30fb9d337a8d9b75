using System.Runtime.CompilerServices;
using Grpc.Core;
using Tandem.Host.Chat;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Outcome of starting a chat.</summary>
public abstract record ChatStart
{
    /// <param name="Session">To be disposed, which gives the worker back.</param>
    public sealed record Started(ChatSession Session) : ChatStart;

    public sealed record Refused(Failure Failure) : ChatStart;
}

/// <summary>One answer on its way: a leased worker and the request it gets. Read once.</summary>
public sealed class ChatSession : IDisposable
{
    private readonly Lease _lease;
    private readonly GenerateRequest _request;
    private readonly TimeProvider _time;
    private readonly long _arrivedAt;
    private readonly string? _note;
    private readonly AnswerAssembler _text;
    private readonly Func<Lease, Task> _onCompleted;
    private readonly AnswerLog _log;
    private TimeSpan? _firstToken;
    private bool _isLogged;
    private bool _isCompleted;

    /// <param name="onCompleted">Runs when a complete answer has been read and written, while the worker is still held; nobody waits for it.</param>
    internal ChatSession(
        Lease lease, GenerateRequest request, ReasoningSplitter? splitter, string? note, long arrivedAt, TimeProvider time,
        Func<Lease, Task> onCompleted, AnswerLog log)
    {
        (_lease, _request, _note, _arrivedAt, _time, _onCompleted) = (lease, request, note, arrivedAt, time, onCompleted);
        _text = new AnswerAssembler(splitter, request.HasTopLogprobs);
        _log = log;
    }

    /// <summary>Id of the request, also in the worker's log.</summary>
    public string Id => _request.RequestId;

    public ModelEntry Model => _lease.Model;

    public RuntimeInfo Runtime => _lease.Runtime;

    public LoadedModel Loaded => _lease.Loaded;

    /// <summary>The answer. The worker is called now and paced by how fast this is read; ending the enumeration cancels it.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async IAsyncEnumerable<ChatEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var call = _lease.Client.Generate(_request, _lease.CallOptions(cancellationToken));
        var finished = false;
        while (true)
        {
            var (response, failure) = await NextAsync(call.ResponseStream, finished, cancellationToken);
            if (failure is not null)
            {
                Log(null, failure);
                yield return new ChatEvent.Failed(failure);
            }

            if (response is null)
                yield break;
            switch (response.EventCase)
            {
                case GenerateResponse.EventOneofCase.Step:
                    _firstToken ??= _time.GetElapsedTime(_arrivedAt);
                    foreach (var delta in _text.Add(response.Step.Tokens))
                        yield return delta;
                    break;
                case GenerateResponse.EventOneofCase.Progress:
                    yield return new ChatEvent.Progress((int)response.Progress.Processed, (int)response.Progress.Total);
                    break;
                case GenerateResponse.EventOneofCase.Finished:
                    foreach (var rest in _text.Finish())
                        yield return rest;
                    var statistics = Statistics(response.Finished);
                    Log(statistics, null);
                    yield return new ChatEvent.Completed(statistics);
                    finished = true;
                    break;
            }
        }
    }

    public void Dispose()
    {
        Log(null, null);
        if (_isCompleted)
            _ = ReleaseAsync();
        else
            _lease.Dispose();
    }

    private async Task ReleaseAsync()
    {
        try
        {
            await _onCompleted(_lease);
        }
        finally
        {
            _lease.Dispose();
        }
    }

    /// <summary>Each answer ends once, however it does.</summary>
    private void Log(ChatStatistics? statistics, Failure? failure)
    {
        if (!_isLogged)
            _log.Add(Id, _lease, statistics, failure);
        _isLogged = true;
        _isCompleted |= statistics is not null;
    }

    /// <summary>The next message; nothing at the end of the stream, or a failure.</summary>
    private async ValueTask<(GenerateResponse? Response, Failure? Failure)> NextAsync(
        IAsyncStreamReader<GenerateResponse> stream, bool finished, CancellationToken cancellationToken)
    {
        RpcException problem;
        try
        {
            if (await stream.MoveNext(cancellationToken))
                return (stream.Current, null);
            if (finished)
                return (null, null);
            problem = new RpcException(new Status(StatusCode.Unavailable, "the worker ended the answer without saying why"));
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException) when (finished)
        {
            return (null, null);
        }
        catch (RpcException exception)
        {
            problem = exception;
        }

        return (null, await _lease.ExplainAsync(problem));
    }

    private ChatStatistics Statistics(Finished finished) => new()
    {
        TokensPerSecond = finished.GenerationSeconds > 0 ? finished.EmittedTokens / finished.GenerationSeconds : 0,
        TimeToFirstToken = (_firstToken ?? _time.GetElapsedTime(_arrivedAt)).TotalSeconds,
        GenerationTime = finished.GenerationSeconds,
        StopReason = ReasonOf(finished.Reason),
        PromptTokens = (int)finished.PromptTokens,
        CachedTokens = (int)finished.CachedTokens,
        DroppedTokens = (int)finished.DroppedTokens,
        EmittedTokens = (int)finished.EmittedTokens,
        ReasoningTokens = _text.ReasoningTokens,
        Draft = finished.Speculation is { } counters ? DraftOf(counters) : null,
        SpeculationNote = finished.SpeculationNote.Length > 0 ? finished.SpeculationNote : _note,
        Seed = finished.Seed,
    };

    private DraftStatistics DraftOf(SpeculationCounters counters) => new(
        counters.DraftKey.Length > 0 ? counters.DraftKey
            : counters.Proposer == Proposer.Ngram ? "ngram"
            : Loaded.Draft?.Key ?? "ngram",
        (long)counters.Drafted, (long)counters.Accepted, (long)counters.Rejected, (long)counters.Ignored)
    {
        ByPosition = [.. counters.DecidedByPosition.Zip(counters.AcceptedByPosition, (decided, accepted) => ((long)decided, (long)accepted))],
    };

    private static string ReasonOf(FinishReason reason) => reason switch
    {
        FinishReason.Eos or FinishReason.ConstraintComplete => "eosFound",
        FinishReason.StopString => "stopStringFound",
        FinishReason.MaxTokens => "maxPredictedTokensReached",
        FinishReason.ContextFull => "contextLengthReached",
        FinishReason.Cancelled => "userStopped",
        FinishReason.ModelUnloaded => "modelUnloaded",
        _ => "failed",
    };
}
