using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Tandem.Host.Api.Native;

namespace Tandem.Host.Api.OpenAi;

/// <summary>A whole answer. <c>model_info</c> and <c>runtime</c> are there on <c>/api/v0</c> only.</summary>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, string SystemFingerprint,
    IReadOnlyList<ChatChoice> Choices, Usage Usage, ChatStats Stats)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelInfo? ModelInfo { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RuntimeName? Runtime { get; init; }
}

/// <param name="Logprobs">Null unless they were asked for.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>.</param>
internal sealed record ChatChoice(int Index, ChatAnswer Message, ChatLogprobs? Logprobs, string FinishReason);

internal sealed record ChatAnswer(string Role, string Content)
{
    /// <summary>What the model thought before it answered; absent when it did not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    /// <summary>Where the characters of the content come from; on request only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OriginSpan>? Origin { get; init; }
}

/// <summary>One event of a streamed answer.</summary>
internal sealed record ChatChunk(string Id, string Object, long Created, string Model, string SystemFingerprint, IReadOnlyList<ChunkChoice> Choices)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Usage? Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChatStats? Stats { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModelInfo? ModelInfo { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RuntimeName? Runtime { get; init; }
}

internal sealed record ChunkChoice(int Index, ChatDelta Delta, ChatLogprobs? Logprobs, string? FinishReason);

internal sealed record ChatDelta
{
    public static ChatDelta Empty { get; } = new();

    /// <summary>In the first delta only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }

    /// <inheritdoc cref="ChatAnswer.ReasoningContent"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReasoningContent { get; init; }

    /// <inheritdoc cref="ChatAnswer.Origin"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OriginSpan>? Origin { get; init; }
}

/// <param name="Chars">UTF-16 units, as JavaScript counts.</param>
/// <param name="From"><c>main</c>, <c>draft</c> or <c>ngram</c>.</param>
/// <param name="Tokens">Tokens that the characters come from; over a whole answer those that were drafted are the accepted ones.</param>
internal sealed record OriginSpan(int Chars, [property: AllowedValues("main", "draft", "ngram")] string From, int Tokens);

internal sealed record Usage(
    int PromptTokens, int CompletionTokens, int TotalTokens, PromptTokensDetails PromptTokensDetails, CompletionTokensDetails CompletionTokensDetails);

/// <param name="CachedTokens">Tokens of the prompt that were known from an earlier request.</param>
internal sealed record PromptTokensDetails(int CachedTokens);

internal sealed record CompletionTokensDetails(int ReasoningTokens);

/// <summary>Log probabilities of a chat's tokens.</summary>
internal sealed record ChatLogprobs(IReadOnlyList<TokenReport> Content)
{
    public IReadOnlyList<TokenReport>? Refusal { get; init; }
}

/// <param name="Token">Its text; bytes that are no text by themselves appear as U+FFFD.</param>
/// <param name="Logprob">Natural logarithm of its probability under the model itself.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="TopLogprobs">The most probable tokens at its place.</param>
internal sealed record TokenReport(string Token, double Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<TopToken> TopLogprobs);

internal sealed record TopToken(string Token, double Logprob, IReadOnlyList<int> Bytes);

/// <summary>Section 4 of the outside contract. Seconds, unrounded. The five draft fields are absent without a proposer.</summary>
internal sealed record ChatStats(double TokensPerSecond, double TimeToFirstToken, double GenerationTime, string StopReason)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DraftModel { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TotalDraftTokensCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AcceptedDraftTokensCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? RejectedDraftTokensCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? IgnoredDraftTokensCount { get; init; }

    /// <summary>Why speculation was off or limited.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SpeculationNote { get; init; }

    /// <summary>Tokens that <c>context_overflow</c> left out because they did not fit; absent when all fitted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? DroppedTokensCount { get; init; }
}
