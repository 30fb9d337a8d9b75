using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>What Handshake and the probe say of this engine.</summary>
internal static class EngineFacts
{
    internal const string Id = "llama.cpp";

    internal static string WorkerVersion { get; } = typeof(EngineFacts).Assembly.GetName().Version?.ToString(3) ?? "";

    internal static IReadOnlyList<string> Capabilities { get; } =
    [
        "speculation.draft", "speculation.ngram", "speculation.block", "speculation.hot", "batching", "kv.quantized", "prompt_cache", "logprobs",
        "embeddings", "adapters", "estimate", "overflow.truncate_middle", "overflow.rolling_window",
    ];

    internal static IReadOnlyList<string> Settings { get; } =
    [
        .. Placement.SettingNames("load"),
        .. Placement.SettingNames("load.draft"),
        .. SamplingSettings.Accepted,
        "prompt.segments.text", "prompt.segments.tokens", "prompt.add_special",
        "stop", "max_tokens", "seed", "progress_interval", "cache_prompt", "overflow", "top_logprobs",
        "speculation.proposer", "speculation.length", "speculation.min_length", "speculation.max_length", "speculation.min_probability", "speculation.draft_revision",
    ];

    /// <summary>Whether this machine has anything but its processor.</summary>
    internal static bool HasAccelerator => Devices().Any(device => device.Kind != Device.Types.Kind.Cpu);

    internal static EngineInfo Describe() => new()
    {
        Id = Id,
        Version = NativeLlama.Version,
        Build = NativeLlama.SystemInfo.Trim(),
        WorkerVersion = WorkerVersion,
    };

    internal static unsafe IEnumerable<Device> Devices()
    {
        var devices = new List<Device>();
        for (nuint index = 0; index < LlamaApi.ggml_backend_dev_count(); index++)
        {
            var device = LlamaApi.ggml_backend_dev_get(index);
            LlamaApi.ggml_backend_dev_memory(device, out var free, out var total);
            devices.Add(new Device
            {
                Name = NativeLlama.Text(LlamaApi.ggml_backend_dev_name(device)),
                Description = NativeLlama.Text(LlamaApi.ggml_backend_dev_description(device)),
                Kind = LlamaApi.ggml_backend_dev_type(device) switch
                {
                    0 => Device.Types.Kind.Cpu,
                    1 => Device.Types.Kind.Gpu,
                    2 => Device.Types.Kind.IntegratedGpu,
                    _ => Device.Types.Kind.Accelerator,
                },
                MemoryTotal = total,
                MemoryFree = free,
            });
        }
        return devices;
    }
}
