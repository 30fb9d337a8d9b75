using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Tandem.Host.Api.Native;

/// <summary>LM Studio's REST v0 list.</summary>
internal sealed record V0ModelList(string Object, IReadOnlyList<V0Model> Data);

/// <param name="Id">Canonical key.</param>
/// <param name="Type"><c>llm</c>, <c>vlm</c> or <c>embeddings</c>.</param>
/// <param name="Arch">E.g. <c>llama</c>.</param>
/// <param name="CompatibilityType">Format of the file: <c>gguf</c>, <c>mlx</c>.</param>
/// <param name="State"><c>loaded</c> or <c>not-loaded</c>.</param>
internal sealed record V0Model(
    string Id, string Object, string Type, string Publisher, string Arch, string CompatibilityType, string Quantization, string State, int MaxContextLength)
{
    /// <summary>Context in force; absent while the model is not loaded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? LoadedContextLength { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = [];
}

/// <summary>LM Studio's REST v1 list.</summary>
internal sealed record V1ModelList(IReadOnlyList<V1Model> Models);

/// <param name="Type"><c>llm</c> or <c>embedding</c>.</param>
/// <param name="ParamsString">E.g. <c>135M</c>.</param>
/// <param name="Format"><c>gguf</c> or <c>mlx</c>.</param>
internal sealed record V1Model(
    string Type, string Publisher, string Key, string DisplayName, string Architecture, V1Quantization Quantization, long SizeBytes, string ParamsString,
    IReadOnlyList<V1Instance> LoadedInstances, int MaxContextLength, string Format, V1Capabilities Capabilities)
{
    /// <summary>Key of the draft that requests get when they name none; absent without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DraftModel { get; init; }
}

internal sealed record V1Quantization(string Name, double BitsPerWeight);

internal sealed record V1Capabilities(bool Vision, bool TrainedForToolUse);

/// <param name="Type"><c>llm</c> or <c>embedding</c>.</param>
/// <param name="LoadTimeSeconds">From the request to ready.</param>
internal sealed record V1Loaded(string Type, string InstanceId, double LoadTimeSeconds, string Status)
{
    /// <summary>Only when the request asks for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public V1InstanceConfig? LoadConfig { get; init; }
}

internal sealed record V1Unloaded(string InstanceId);

/// <summary>What LM Studio's REST v1 load takes; <c>load</c> holds everything else of the load configuration.</summary>
internal sealed record V1LoadRequest(string Model)
{
    public uint? ContextLength { get; init; }
    public uint? EvalBatchSize { get; init; }
    public bool? FlashAttention { get; init; }
    public uint? NumExperts { get; init; }
    public bool? OffloadKvCacheToGpu { get; init; }
    public bool? EchoLoadConfig { get; init; }
    public string? DraftModel { get; init; }
    public string? Runtime { get; init; }
    public int? Ttl { get; init; }
    public JsonObject? Load { get; init; }
}

/// <param name="InstanceId">An instance's id, or a model's key.</param>
internal sealed record V1UnloadRequest(string InstanceId);

/// <param name="Id">What requests may call it.</param>
internal sealed record V1Instance(string Id, V1InstanceConfig Config);

/// <summary>How an instance was loaded, and the draft that is attached to it now.</summary>
internal sealed record V1InstanceConfig(uint ContextLength, uint Parallel)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public uint? EvalBatchSize { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? FlashAttention { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OffloadKvCacheToGpu { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DraftModel { get; init; }
}
