using System.Text.Json.Serialization;
using Tandem.Host.Api.Native;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Answers to plain prompts, whole or as one event of a stream.</summary>
internal sealed record Completion(
    string Id, string Object, long Created, string Model, string SystemFingerprint, IReadOnlyList<CompletionChoice> Choices)
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

/// <param name="Logprobs">Null unless they were asked for.</param>
/// <param name="FinishReason"><c>stop</c> or <c>length</c>; null while the answer goes on.</param>
internal sealed record CompletionChoice(int Index, string Text, CompletionLogprobs? Logprobs, string? FinishReason)
{
    /// <summary>Where the characters of the text come from; on request only. What is echoed of the prompt has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<OriginSpan>? Origin { get; init; }
}

/// <param name="TextOffset">Characters of the text before each token.</param>
internal sealed record CompletionLogprobs(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<Dictionary<string, double>> TopLogprobs, IReadOnlyList<int> TextOffset);
