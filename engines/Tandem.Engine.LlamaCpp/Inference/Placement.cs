using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>How a model is placed: the load settings with every default filled in and every value checked.</summary>
internal sealed record Placement
{
    internal const int DefaultContextLength = 4096;
    private const ulong DefaultPromptCacheBytes = 256 << 20;
    private const int MaxParallel = 256;
    private const int EmbeddingSequences = 64;

    /// <summary>ggml's numbers of the types a KV cache can have.</summary>
    private static readonly Dictionary<string, int> CacheTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["f32"] = 0,
        ["f16"] = 1,
        ["q4_0"] = 2,
        ["q4_1"] = 3,
        ["q5_0"] = 6,
        ["q5_1"] = 7,
        ["q8_0"] = 8,
        ["iq4_nl"] = 20,
        ["bf16"] = 30,
    };

    private static readonly Dictionary<string, int> RopeScalings = new(StringComparer.OrdinalIgnoreCase) { ["none"] = 0, ["linear"] = 1, ["yarn"] = 2, ["longrope"] = 3 };

    /// <summary>Those that make one vector of a text. <c>none</c> makes one per token and <c>rank</c> a score: neither is an embedding.</summary>
    private static readonly Dictionary<string, int> Poolings = new(StringComparer.OrdinalIgnoreCase) { ["mean"] = 1, ["cls"] = 2, ["last"] = 3 };

    /// <summary>0: to be decided when the model's own maximum is known.</summary>
    public required int ContextLength { get; init; }
    public required int Parallel { get; init; }
    public required int BatchSize { get; init; }
    public required int PhysicalBatchSize { get; init; }

    /// <summary>Longest draft of a step: a pass must have room for the steps of all slots, whoever else is served.</summary>
    public int LongestDraft => Math.Clamp((BatchSize / Parallel) - 2, 0, ModelLoader.MaxDraftLength);
    public required string KeyType { get; init; }
    public required string ValueType { get; init; }
    public required int GpuLayers { get; init; }
    public required int Threads { get; init; }
    public required Toggle FlashAttention { get; init; }
    public required bool MemoryMap { get; init; }
    public required bool MemoryLock { get; init; }
    public required ulong? Seed { get; init; }
    public required int PromptThreads { get; init; }
    public required bool CacheOnGpu { get; init; }

    /// <summary>Names of devices, in order; empty: the library's choice.</summary>
    public required IReadOnlyList<string> Devices { get; init; }
    public required IReadOnlyList<float> DeviceShares { get; init; }
    public required RopeSettings? Rope { get; init; }
    public required IReadOnlyList<Adapter> Adapters { get; init; }

    /// <summary>Bytes of evicted prefixes kept in memory.</summary>
    public required ulong PromptCacheBytes { get; init; }

    /// <summary>Experts used per token; null: the model's own.</summary>
    public required uint? ExpertCount { get; init; }

    /// <summary>How an embedding model makes one vector of a text; null: the model's own way.</summary>
    public required string? Pooling { get; init; }

    /// <summary>Names of the settings this worker accepts, as Handshake lists them; <c>prefix</c> is <c>load</c> or <c>load.draft</c>.</summary>
    internal static IEnumerable<string> SettingNames(string prefix) =>
        LoadSettings.Descriptor.Fields.InDeclarationOrder().Where(field => field.FieldNumber != LoadSettings.RopeFieldNumber).Select(field => $"{prefix}.{field.Name}")
        .Concat(RopeSettings.Descriptor.Fields.InDeclarationOrder().Select(field => $"{prefix}.rope.{field.Name}"));

    /// <exception cref="Grpc.Core.RpcException">A value out of range (INVALID_ARGUMENT, field named).</exception>
    internal static Placement From(LoadSettings? settings, string field)
    {
        settings ??= new LoadSettings();
        var parallel = InRange(settings.HasParallel ? settings.Parallel : 1, 1, MaxParallel, field, "parallel");
        var threads = settings.HasThreads ? settings.Threads : (uint)Environment.ProcessorCount;
        var batch = InRange(settings.HasBatchSize ? settings.BatchSize : 2048, (uint)parallel, 65_536, field, "batch_size");
        var physical = InRange(settings.HasPhysicalBatchSize ? settings.PhysicalBatchSize : (uint)Math.Min(512, batch), 1, (uint)batch, field, "physical_batch_size");
        return new Placement
        {
            ContextLength = InRange(settings.ContextLength, 0, 16_777_216, field, "context_length"),
            Parallel = parallel,
            BatchSize = batch,
            PhysicalBatchSize = physical,
            KeyType = OneOf(CacheTypes, settings.HasKvKeyType ? settings.KvKeyType : "f16", field, "kv_key_type"),
            ValueType = OneOf(CacheTypes, settings.HasKvValueType ? settings.KvValueType : "f16", field, "kv_value_type"),
            GpuLayers = settings.HasGpuLayers ? settings.GpuLayers : -1,
            Threads = InRange(threads, 1, 512, field, "threads"),
            FlashAttention = settings.FlashAttention == Toggle.Unspecified ? Toggle.Auto : settings.FlashAttention,
            MemoryMap = !settings.HasMemoryMap || settings.MemoryMap,
            MemoryLock = settings.MemoryLock,
            Seed = settings.HasSeed ? settings.Seed : null,
            PromptThreads = InRange(settings.HasPromptThreads ? settings.PromptThreads : threads, 1, 512, field, "prompt_threads"),
            CacheOnGpu = !settings.HasKvOnGpu || settings.KvOnGpu,
            Devices = [.. settings.Devices],
            DeviceShares = Shares(settings, field),
            Rope = settings.Rope is null ? null : CheckRope(settings.Rope, $"{field}.rope"),
            Adapters = [.. settings.Adapters],
            PromptCacheBytes = settings.HasPromptCacheBytes ? settings.PromptCacheBytes : DefaultPromptCacheBytes,
            ExpertCount = settings.HasExpertCount ? settings.ExpertCount : null,
            Pooling = settings.HasPooling ? OneOf(Poolings, settings.Pooling, field, "pooling") : null,
        };
    }

    /// <summary>
    /// For a model that makes embeddings: a pass holds whole texts, one sequence each, because their tokens look at each other in both
    /// directions; the context length is that of one text.
    /// </summary>
    internal Placement ForEmbeddings()
    {
        var batch = Math.Max(BatchSize, ContextLength);
        return this with { BatchSize = batch, PhysicalBatchSize = batch, Parallel = EmbeddingSequences };
    }

    private static float[] Shares(LoadSettings settings, string field)
    {
        if (settings.DeviceShares.Count > 0 && settings.DeviceShares.Count != settings.Devices.Count)
            throw Refusal.InvalidArgument("invalid_value", $"{field}.device_shares", $"There are {settings.DeviceShares.Count} shares for {settings.Devices.Count} devices.", "Give one share per device, or none.");
        return settings.DeviceShares.All(share => float.IsFinite(share) && share >= 0)
            ? [.. settings.DeviceShares]
            : throw Refusal.InvalidArgument("invalid_value", $"{field}.device_shares", "A share is 0 or more.");
    }

    private static RopeSettings CheckRope(RopeSettings rope, string field)
    {
        if (rope.HasScaling)
            OneOf(RopeScalings, rope.Scaling, field, "scaling");
        if (rope.HasFrequencyBase && !(rope.FrequencyBase > 0 && float.IsFinite(rope.FrequencyBase)))
            throw Refusal.InvalidArgument("invalid_value", $"{field}.frequency_base", "frequency_base must be above 0.");
        if (rope.HasFrequencyScale && !(rope.FrequencyScale > 0 && float.IsFinite(rope.FrequencyScale)))
            throw Refusal.InvalidArgument("invalid_value", $"{field}.frequency_scale", "frequency_scale must be above 0.");
        return rope;
    }

    internal ContextParams ContextParameters(int outputsPerSequence)
    {
        var parameters = LlamaApi.llama_context_default_params();
        parameters.ContextLength = (uint)ContextLength;
        parameters.BatchSize = (uint)BatchSize;
        parameters.PhysicalBatchSize = (uint)PhysicalBatchSize;
        parameters.SequenceMax = (uint)Parallel;
        // Rows with logits in one pass: all rows of a decode pass, one of a prompt chunk.
        parameters.OutputsMax = (uint)Math.Min(BatchSize, Parallel * outputsPerSequence);
        parameters.OutputsMaxPerSequence = (uint)Math.Min(BatchSize, outputsPerSequence);
        parameters.Threads = Threads;
        parameters.BatchThreads = PromptThreads;
        parameters.OffloadKeyValue = CacheOnGpu ? (byte)1 : (byte)0;
        parameters.KeyType = CacheTypes[KeyType];
        parameters.ValueType = CacheTypes[ValueType];
        parameters.FlashAttentionType = FlashAttention switch { Toggle.On => 1, Toggle.Off => 0, _ => -1 };
        parameters.UnifiedKeyValue = 1;
        if (Rope is { } rope)
        {
            parameters.RopeScalingType = rope.HasScaling ? RopeScalings[rope.Scaling] : -1;
            parameters.RopeFrequencyBase = rope.FrequencyBase;
            parameters.RopeFrequencyScale = rope.FrequencyScale;
            parameters.YarnOriginalContext = rope.OriginalContextLength;
        }
        return parameters;
    }

    /// <summary>For a placement made by <see cref="ForEmbeddings"/>.</summary>
    /// <param name="hasPooling">Whether the model brings its own way of pooling.</param>
    internal ContextParams EmbeddingParameters(bool hasPooling)
    {
        var parameters = ContextParameters(outputsPerSequence: BatchSize);
        parameters.ContextLength = (uint)BatchSize;
        parameters.Embeddings = 1;
        // A model that was not trained for embeddings has seen the whole text at its last token only.
        parameters.PoolingType = Pooling is not null ? Poolings[Pooling] : hasPooling ? -1 : Poolings["last"];
        return parameters;
    }

    /// <summary>The settings as they came out, every field set.</summary>
    internal LoadSettings ToSettings()
    {
        var settings = new LoadSettings
        {
            ContextLength = (uint)ContextLength,
            Parallel = (uint)Parallel,
            BatchSize = (uint)BatchSize,
            PhysicalBatchSize = (uint)PhysicalBatchSize,
            KvKeyType = KeyType,
            KvValueType = ValueType,
            GpuLayers = GpuLayers,
            Threads = (uint)Threads,
            FlashAttention = FlashAttention,
            MemoryMap = MemoryMap,
            MemoryLock = MemoryLock,
        };
        if (Seed is { } seed)
            settings.Seed = seed;
        settings.PromptThreads = (uint)PromptThreads;
        settings.KvOnGpu = CacheOnGpu;
        settings.Devices.Add(Devices);
        settings.DeviceShares.Add(DeviceShares);
        settings.Rope = Rope;
        settings.Adapters.Add(Adapters);
        settings.PromptCacheBytes = PromptCacheBytes;
        if (ExpertCount is { } experts)
            settings.ExpertCount = experts;
        if (Pooling is not null)
            settings.Pooling = Pooling;
        return settings;
    }

    /// <summary>Elements one key or value takes, bytes: for memory figures.</summary>
    internal static double BytesPerElement(string cacheType) => CacheTypes[cacheType] switch
    {
        0 => 4,
        1 or 30 => 2,
        8 => 34.0 / 32,
        6 => 22.0 / 32,
        7 => 24.0 / 32,
        3 => 20.0 / 32,
        _ => 18.0 / 32,
    };

    private static int InRange(uint value, uint least, uint most, string field, string name) => value >= least && value <= most
        ? (int)value
        : throw Refusal.InvalidArgument("invalid_value", $"{field}.{name}", $"{name} must be {least} to {most}, not {value}.", "");

    private static string OneOf(Dictionary<string, int> known, string name, string field, string setting) => known.ContainsKey(name)
        ? name.ToLowerInvariant()
        : throw Refusal.InvalidArgument("invalid_value", $"{field}.{setting}", $"'{name}' is no {setting}; there are {string.Join(", ", known.Keys)}.", "");
}
