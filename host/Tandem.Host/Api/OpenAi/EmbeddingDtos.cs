using System.Text.Json.Nodes;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Body of an embedding request as clients send it.</summary>
internal sealed record EmbeddingRequest
{
    /// <summary>Key, unique short form or instance id.</summary>
    public required string Model { get; init; }

    /// <summary>A text, a list of texts, a list of token ids, or a list of such lists; at most 2048.</summary>
    public required JsonNode Input { get; init; }

    /// <summary><c>float</c> (default) or <c>base64</c>: 32-bit numbers, little endian.</summary>
    public string? EncodingFormat { get; init; }

    /// <summary>The model's own number, or absent.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Seconds an idle model stays loaded.</summary>
    public int? Ttl { get; init; }
}

internal sealed record EmbeddingList(string Object, IReadOnlyList<EmbeddingItem> Data, string Model, EmbeddingUsage Usage);

/// <param name="Embedding">A list of numbers, or their bytes in base64.</param>
internal sealed record EmbeddingItem(string Object, int Index, JsonNode Embedding);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);
