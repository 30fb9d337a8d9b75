using Google.Protobuf.Reflection;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>What the handshake says when the script says nothing.</summary>
internal static class FakeDefaults
{
    public const string EngineId = "fake";

    public static readonly IReadOnlyList<string> Capabilities =
    [
        "speculation.draft", "speculation.ngram", "speculation.hot", "batching", "embeddings", "logprobs", "prompt_cache", "estimate",
    ];

    /// <summary>Every setting of the contract: this engine accepts them all and most change nothing.</summary>
    public static IReadOnlyList<string> Settings { get; } =
    [
        .. Paths("load.", LoadSettings.Descriptor),
        .. Paths("load.draft.", LoadSettings.Descriptor),
        .. Paths("sampling.", Sampling.Descriptor),
        .. Paths("speculation.", Speculation.Descriptor),
        "stop", "max_tokens", "overflow", "seed", "top_logprobs", "progress_interval", "cache_prompt",
    ];

    private static IEnumerable<string> Paths(string prefix, MessageDescriptor message)
        => message.Fields.InFieldNumberOrder().Select(field => prefix + field.Name);
}
