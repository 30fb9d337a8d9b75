using System.Text.Json.Nodes;
using Tandem.Host.Chat;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>A prompt that no template touches: text as the client wrote it, or token ids.</summary>
/// <param name="Suffix">Text behind the gap that the answer fills; null: the answer goes on behind the prompt.</param>
public sealed record PlainPrompt(string? Text, IReadOnlyList<int>? Tokens = null, string? Suffix = null);

/// <summary>A request for one answer, to a chat or to a plain prompt, after <c>Api/</c> has checked it, whatever endpoint it came from.</summary>
public sealed record ChatRequest
{
    /// <summary>Model as asked for: canonical key, short form or instance id.</summary>
    public required string Model { get; init; }

    /// <summary>The chat; empty when there is a <see cref="Plain"/> prompt.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Instead of a chat.</summary>
    public PlainPrompt? Plain { get; init; }

    /// <summary>Field that holds the first image among the messages; null when there is none.</summary>
    public string? FirstImage { get; init; }

    /// <summary>The answer goes on with the last message.</summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Further variables of the template.</summary>
    public JsonObject? TemplateArguments { get; init; }

    /// <summary>Null: the model's default. Empty or <c>off</c>: none. <c>auto</c>: the best of the index. Else a key.</summary>
    public string? DraftModel { get; init; }

    /// <summary>Unloads a model that was loaded on demand after so long without use; null: as it was.</summary>
    public TimeSpan? Ttl { get; init; }

    public SpeculationRequest Speculation { get; init; } = new();

    /// <summary>Fields the request set; the rest come from the model's defaults.</summary>
    public Sampling Sampling { get; init; } = new();

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Null: until the context ends.</summary>
    public int? MaxTokens { get; init; }

    public ulong? Seed { get; init; }

    /// <summary>A prompt that does not fit loses its middle, where the engine can do that; else it is refused.</summary>
    public bool TruncateMiddle { get; init; }

    /// <summary>Log probabilities of the tokens and of so many others at each place; null: none.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>False: neither uses nor leaves a cached prefix.</summary>
    public bool CachePrompt { get; init; } = true;

    /// <summary><see cref="TimeProvider.GetTimestamp"/> at the arrival of the request; time to first token counts from here.</summary>
    public required long ArrivedAt { get; init; }
}

/// <summary>The <c>speculation</c> object of a request; null fields come from defaults.</summary>
/// <param name="Length">Fixed length, 1 to 32; null with <paramref name="LengthGiven"/> is <c>auto</c>.</param>
public sealed record SpeculationRequest(
    Proposer Proposer = Proposer.Unspecified,
    int? Length = null,
    bool LengthGiven = false,
    int? MinLength = null,
    float? MinProbability = null);

/// <summary>What a request produces, in order: progress, deltas, then one <see cref="Completed"/> or one <see cref="Failed"/>.</summary>
public abstract record ChatEvent
{
    /// <summary>Text released by one decode step (never half a character), with the origin of its parts.</summary>
    public sealed record Delta(string Text, IReadOnlyList<OriginRun> Origin) : ChatEvent
    {
        /// <summary>The model thinks; this is not yet its answer.</summary>
        public bool Reasoning { get; init; }

        /// <summary>The tokens behind the text, with their log probabilities; empty unless they were asked for.</summary>
        public IReadOnlyList<Token> Tokens { get; init; } = [];
    }

    /// <summary>The prompt is being worked on: so many of its tokens are done.</summary>
    public sealed record Progress(int Processed, int Total) : ChatEvent;

    public sealed record Completed(ChatStatistics Statistics) : ChatEvent;

    public sealed record Failed(Failure Failure) : ChatEvent;
}

/// <summary>A run of characters (UTF-16 units, as JavaScript and C# count) from one origin.</summary>
/// <param name="Tokens">Tokens they come from; a token whose bytes complete no character counts where it stands.</param>
public readonly record struct OriginRun(int Characters, Origin From, int Tokens)
{
    /// <summary>Adds a run to others, joined to the last where it has the same origin.</summary>
    internal static void Append(List<OriginRun> runs, OriginRun run)
    {
        if (runs is [.., var last] && last.From == run.From)
            runs[^1] = new OriginRun(last.Characters + run.Characters, run.From, last.Tokens + run.Tokens);
        else
            runs.Add(run);
    }
}

/// <summary>The figures of section 4 of the outside contract, unrounded; times in seconds.</summary>
public sealed record ChatStatistics
{
    public required double TokensPerSecond { get; init; }
    public required double TimeToFirstToken { get; init; }
    public required double GenerationTime { get; init; }

    /// <summary>eosFound, stopStringFound, maxPredictedTokensReached, contextLengthReached, userStopped, modelUnloaded, failed.</summary>
    public required string StopReason { get; init; }
    public required int PromptTokens { get; init; }
    public required int CachedTokens { get; init; }

    /// <summary>Of the prompt or the conversation, left out because they did not fit in the context.</summary>
    public int DroppedTokens { get; init; }
    public required int EmittedTokens { get; init; }

    /// <summary>Of them, those spent on reasoning.</summary>
    public int ReasoningTokens { get; init; }

    /// <summary>Null when no proposer was asked for: the five draft fields are then absent.</summary>
    public DraftStatistics? Draft { get; init; }
    public string? SpeculationNote { get; init; }
    public required ulong Seed { get; init; }
}

/// <summary>Total = accepted + rejected + ignored.</summary>
/// <param name="Model">Key of the draft, or <c>ngram</c>.</param>
public sealed record DraftStatistics(string Model, long Total, long Accepted, long Rejected, long Ignored)
{
    /// <summary>Index i: of the (i+1)th tokens of drafts, how many the main model decided about, and how many of these it accepted.</summary>
    public IReadOnlyList<(long Decided, long Accepted)> ByPosition { get; init; } = [];
}
