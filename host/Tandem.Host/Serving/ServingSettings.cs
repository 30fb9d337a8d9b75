using Tandem.Host.Storage;

namespace Tandem.Host.Serving;

/// <summary>What a user can set about serving.</summary>
public static class ServingSettings
{
    public static readonly Setting JitLoading = new("serving.jit", true, "Load a model when a request asks for it.");

    public static readonly Setting IdleTtl = new("serving.idle_ttl", 3600.0, "Seconds without use after which a model loaded on demand is unloaded; 0: never.")
    {
        Minimum = 0,
        Maximum = 31_536_000,
    };

    public static readonly Setting JitModelsKept = new(
        "serving.jit_models_kept", 1L, "Models loaded on demand that stay loaded although nobody uses them, the newest included; 0: any number.")
    {
        Minimum = 0,
        Maximum = 100,
    };

    public static readonly Setting QueueLength = new("serving.queue", 128L, "Requests per model that may wait; one more is refused.") { Minimum = 0, Maximum = 10_000 };

    public static readonly Setting MemoryGuard = new(
        "serving.memory_guard", true, "Refuse a model that would not fit into the memory that is left, before it is started.");

    public static readonly Setting SpeculationWait = new(
        "speculation.wait", 2.0, "Seconds that a request waits for another draft than the one in use, before it runs without.")
    {
        Minimum = 0,
        Maximum = 600,
    };

    public static IReadOnlyList<Setting> All { get; } = [JitLoading, IdleTtl, JitModelsKept, QueueLength, MemoryGuard, SpeculationWait];

    /// <summary>The limits as they are set now.</summary>
    public static ServingOptions Read(SettingsStore settings, ServingOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(defaults);
        return defaults with
        {
            JitLoading = settings.Get<bool>(JitLoading),
            IdleTtl = TimeSpan.FromSeconds(settings.Get<double>(IdleTtl)),
            IdleModelsKept = (int)settings.Get<long>(JitModelsKept),
            QueueLength = (int)settings.Get<long>(QueueLength),
            MemoryGuard = settings.Get<bool>(MemoryGuard),
            SpeculationWait = TimeSpan.FromSeconds(settings.Get<double>(SpeculationWait)),
        };
    }
}
