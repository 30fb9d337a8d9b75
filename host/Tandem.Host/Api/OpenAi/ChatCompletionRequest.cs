using System.Text.Json.Nodes;

namespace Tandem.Host.Api.OpenAi;

/// <summary>
/// Body of a chat request as clients send it. <see cref="ChatRequestReader"/> reads it field by field, so that a wrong one is named; this
/// record is what <c>/openapi/v1.json</c> shows. Fields that are not here are ignored.
/// </summary>
internal sealed record ChatCompletionRequest
{
    /// <summary>Key, unique short form or instance id.</summary>
    public required string Model { get; init; }

    public required IReadOnlyList<ChatMessageBody> Messages { get; init; }

    /// <summary>The last message, the assistant's, is the beginning of the answer: the answer goes on after it.</summary>
    public bool? ContinueFinalMessage { get; init; }
    public bool? Stream { get; init; }
    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>0 to 2.</summary>
    public float? Temperature { get; init; }

    /// <summary>0 to 1.</summary>
    public float? TopP { get; init; }

    /// <summary>0 or -1: all tokens.</summary>
    public int? TopK { get; init; }

    /// <summary>0 to 1.</summary>
    public float? MinP { get; init; }

    /// <summary>Above 0, up to 10; 1: none.</summary>
    public float? RepeatPenalty { get; init; }

    /// <summary>-2 to 2.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>-2 to 2.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>Token id to what is added to its logit, -100 to 100.</summary>
    public IReadOnlyDictionary<string, float>? LogitBias { get; init; }

    /// <summary>1 or more; -1: until the context ends.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>As <see cref="MaxTokens"/>, which it overrides.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>A text or a list of texts.</summary>
    public JsonNode? Stop { get; init; }

    /// <summary>-1: a random one.</summary>
    public long? Seed { get; init; }

    /// <summary>A prompt that is too long: <c>stop</c> (refused; the default) or <c>truncate_middle</c>, where the engine can.</summary>
    public string? ContextOverflow { get; init; }

    /// <summary>A key, <c>auto</c>, or empty or <c>off</c> for none; absent: the model's default.</summary>
    public string? DraftModel { get; init; }

    public SpeculationBody? Speculation { get; init; }

    /// <summary>Answers, 1 to 128. With a seed, each has the next one.</summary>
    public int? N { get; init; }

    /// <summary>Report the log probability of every token.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>And those of so many others at its place, 0 to 100.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>No end of the answer before so many tokens.</summary>
    public int? MinTokens { get; init; }

    /// <summary>The answer ends at its limit only.</summary>
    public bool? IgnoreEos { get; init; }

    /// <summary>Variables of the model's chat template, e.g. <c>enable_thinking</c>.</summary>
    public JsonObject? ChatTemplateKwargs { get; init; }

    /// <summary>As a variable of the chat template.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Only <c>{"type":"text"}</c> so far.</summary>
    public ResponseFormatBody? ResponseFormat { get; init; }

    /// <summary>Not supported yet: absent or empty.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>Seconds an idle model stays loaded.</summary>
    public int? Ttl { get; init; }
}

/// <summary>Body of a completion request: as a chat's, with a plain prompt instead of messages.</summary>
internal sealed record CompletionRequest
{
    /// <inheritdoc cref="ChatCompletionRequest.Model"/>
    public required string Model { get; init; }

    /// <summary>A text, a list of texts, a list of token ids, or a list of such lists. No template is applied; marks in it become control tokens.</summary>
    public required JsonNode Prompt { get; init; }

    /// <summary>Text behind the gap that the answer fills; for models that can.</summary>
    public string? Suffix { get; init; }

    /// <summary>Say the prompt first.</summary>
    public bool? Echo { get; init; }

    /// <summary>Report log probabilities, and those of so many others at each place, 0 to 100.</summary>
    public int? Logprobs { get; init; }
    public int? N { get; init; }

    /// <summary>The same as <see cref="N"/>, or absent.</summary>
    public int? BestOf { get; init; }
    public bool? Stream { get; init; }
    public StreamOptionsBody? StreamOptions { get; init; }
    public float? Temperature { get; init; }
    public float? TopP { get; init; }
    public int? TopK { get; init; }
    public float? MinP { get; init; }
    public float? RepeatPenalty { get; init; }
    public float? FrequencyPenalty { get; init; }
    public float? PresencePenalty { get; init; }
    public IReadOnlyDictionary<string, float>? LogitBias { get; init; }
    public int? MaxTokens { get; init; }
    public int? MinTokens { get; init; }
    public bool? IgnoreEos { get; init; }
    public JsonNode? Stop { get; init; }
    public long? Seed { get; init; }
    public string? DraftModel { get; init; }
    public SpeculationBody? Speculation { get; init; }
    public int? Ttl { get; init; }
}

/// <param name="Type"><c>text</c>.</param>
internal sealed record ResponseFormatBody(string Type);

/// <param name="Content">A text or a list of <c>{"type":"text","text":…}</c>.</param>
internal sealed record ChatMessageBody(string Role, JsonNode? Content);

/// <param name="IncludeUsage">One more chunk at the end, with <c>usage</c>.</param>
/// <param name="IncludeDraftOrigin">Each delta says which of its characters were drafted.</param>
internal sealed record StreamOptionsBody(bool? IncludeUsage, bool? IncludeDraftOrigin);

/// <param name="Proposer"><c>draft</c>, <c>ngram</c> or <c>combined</c>.</param>
/// <param name="Length"><c>"auto"</c> or 1 to 32.</param>
internal sealed record SpeculationBody(string? Proposer, JsonNode? Length, int? MinLength, float? MinProbability);
