using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary>What only the shape of an answer depends on, not the answer itself.</summary>
internal sealed record AnswerOptions
{
    public bool Stream { get; init; }
    public bool IncludeUsage { get; init; }
    public bool IncludeDraftOrigin { get; init; }
    public bool Logprobs { get; init; }

    /// <summary>Answers per prompt.</summary>
    public int PerPrompt { get; init; } = 1;

    /// <summary>Texts of the prompts, to be said first; empty when they are not to be said.</summary>
    public IReadOnlyList<string> Echo { get; init; } = [];
}

/// <summary>A request as it was read: one <see cref="ChatRequest"/> for every answer, in the order of their indexes.</summary>
internal sealed record ReadAnswerRequest(IReadOnlyList<ChatRequest> Requests, AnswerOptions Options)
{
    /// <summary>The same request <paramref name="count"/> times. A seed is the first one's; the others count on from it, or they would all say the same.</summary>
    public static IEnumerable<ChatRequest> Repeat(ChatRequest request, int count) => Enumerable.Range(0, count).Select(i => request with
    {
        Sampling = request.Sampling.Clone(),
        Seed = request.Seed is { } seed ? unchecked(seed + (ulong)i) : null,
    });
}
