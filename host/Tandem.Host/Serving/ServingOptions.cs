namespace Tandem.Host.Serving;

/// <summary>Limits of serving; what a user can set of them is in <see cref="ServingSettings"/>.</summary>
public sealed record ServingOptions
{
    /// <summary>Load a model when a request asks for it; otherwise only a user loads.</summary>
    public bool JitLoading { get; init; } = true;

    /// <summary>How long a model loaded on demand stays without use; zero: for ever.</summary>
    public TimeSpan IdleTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Models loaded on demand that are kept although nobody uses them, the one being loaded included; 0: any number.</summary>
    public int IdleModelsKept { get; init; } = 1;

    /// <summary>Requests per instance that may wait; one more is refused with <c>queue_full</c>.</summary>
    public int QueueLength { get; init; } = 128;

    /// <summary>Refuse what would not fit into memory before it is started.</summary>
    public bool MemoryGuard { get; init; } = true;

    /// <summary>How long a request waits for another draft than the one in use.</summary>
    public TimeSpan SpeculationWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long <see cref="ModelServer.DisposeAsync"/> waits for the workers: their own bounds together, and a little.</summary>
    public TimeSpan StopAll { get; init; } = TimeSpan.FromSeconds(9.5);
}
