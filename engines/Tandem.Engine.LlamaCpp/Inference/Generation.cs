using System.Threading.Channels;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// One request between the call that brought it and the loop that serves it. The loop alone writes to <see cref="Output"/> and completes it;
/// the call alone reads. A full output pauses this request's row and nothing else.
/// </summary>
internal sealed class Generation
{
    /// <summary>Messages that may lie unread before the row pauses.</summary>
    internal const int OutputCapacity = 256;

    private readonly Channel<GenerateResponse> _output = Channel.CreateBounded<GenerateResponse>(
        new BoundedChannelOptions(OutputCapacity) { SingleReader = true, SingleWriter = true });

    /// <param name="engine">Whose tokenizer and context count.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="arrivedAt"><see cref="ArrivedAt"/>.</param>
    /// <param name="cancelled">The caller has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">The prompt is empty or holds what the model cannot take.</exception>
    internal static Generation Create(LoadedEngine engine, GenerateRequest request, long arrivedAt, CancellationToken cancelled)
    {
        var tokens = engine.Tokenizer.Tokenize(request.Prompt ?? new Prompt());
        if (tokens.Count == 0)
            throw Refusal.InvalidArgument("invalid_value", "prompt", "The prompt is empty.");
        var dropped = PromptFit.Cut(tokens, request, engine.Placement.ContextLength);
        return new Generation { Request = request, PromptTokens = tokens, DroppedTokens = dropped, ArrivedAt = arrivedAt, Cancelled = cancelled };
    }

    internal required GenerateRequest Request { get; init; }

    /// <summary>The prompt, tokenized; at least one token.</summary>
    internal required List<int> PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that did not fit and were cut.</summary>
    internal int DroppedTokens { get; init; }

    /// <summary>Arrival at the worker, <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal required long ArrivedAt { get; init; }

    internal required CancellationToken Cancelled { get; init; }

    /// <summary>0: until the context ends.</summary>
    internal uint MaxTokens => Request.HasMaxTokens ? Request.MaxTokens : 0;

    /// <summary>Whether it uses and leaves cached prefixes.</summary>
    internal bool ReusesCache => !Request.HasCachePrompt || Request.CachePrompt;

    internal ChannelReader<GenerateResponse> Output => _output.Reader;

    /// <summary>False: the reader is behind; nothing was written.</summary>
    internal bool TryWrite(GenerateResponse message) => _output.Writer.TryWrite(message);

    /// <summary>Ends the output: with an error, or after the last message that was written.</summary>
    internal void Complete(Exception? error = null) => _output.Writer.TryComplete(error);

    /// <summary>Writes the last messages for a reader that is behind, then ends the output; a cancelled request's are dropped.</summary>
    internal async Task CompleteLaterAsync(params GenerateResponse?[] messages)
    {
        try
        {
            foreach (var message in messages)
            {
                if (message is not null)
                    await _output.Writer.WriteAsync(message, Cancelled);
            }
            Complete();
        }
        catch (OperationCanceledException cancelled)
        {
            Complete(cancelled);
        }
    }
}
