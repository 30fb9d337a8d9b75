using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace Tandem.Host.Telemetry;

/// <summary>Kinds of events on <c>GET /api/tandem/events</c>.</summary>
public static class EventKinds
{
    /// <summary>A worker changed; the data is its item of <c>GET /api/tandem/workers</c>.</summary>
    public const string Worker = "worker";

    /// <summary>A load went on; the data is the same item.</summary>
    public const string Load = "load";

    /// <summary>The catalogue or the pair index changed.</summary>
    public const string Index = "index";

    /// <summary>Something about the installed runtimes changed; <c>GET /api/tandem/runtimes</c> says what is known now.</summary>
    public const string Runtime = "runtime";

    /// <summary>A job changed; the data is its item of <c>GET /api/tandem/jobs</c>.</summary>
    public const string Job = "job";

    /// <summary>A request began or ended.</summary>
    public const string Request = "request";

    /// <summary>An answer ended; the data is its item of <c>GET /api/tandem/answers</c>.</summary>
    public const string Answer = "answer";

    /// <summary>Made by the hub: the reader was too slow and events are missing; it should fetch what it shows again.</summary>
    public const string Resync = "resync";
}

/// <param name="Data">JSON.</param>
public readonly record struct HostEvent(long Id, string Kind, ReadOnlyMemory<byte> Data);

/// <summary>
/// Tells whoever listens what happens in the supervisor. Publishing never waits and costs nothing while nobody listens; a reader that is
/// too slow loses the oldest events and is told so.
/// </summary>
public sealed class EventHub
{
    private ImmutableArray<EventSubscription> _subscriptions = [];
    private long _lastId;

    /// <summary>False: what is published costs nothing and reaches nobody.</summary>
    public bool HasListeners => !_subscriptions.IsEmpty;

    public void Publish<T>(string kind, T value, JsonTypeInfo<T> type)
    {
        var subscriptions = _subscriptions;
        if (subscriptions.IsEmpty)
            return;
        var happened = new HostEvent(Interlocked.Increment(ref _lastId), kind, JsonSerializer.SerializeToUtf8Bytes(value, type));
        foreach (var subscription in subscriptions)
            subscription.Add(happened);
    }

    /// <summary>Everything published from now on; to be disposed.</summary>
    public EventSubscription Subscribe()
    {
        var subscription = new EventSubscription(ended => ImmutableInterlocked.Update(ref _subscriptions, all => all.Remove(ended)));
        ImmutableInterlocked.Update(ref _subscriptions, all => all.Add(subscription));
        return subscription;
    }
}

/// <summary>One reader's queue of events.</summary>
public sealed class EventSubscription : IDisposable
{
    internal const int Capacity = 256;
    private readonly Channel<HostEvent> _events;
    private readonly Action<EventSubscription> _onEnd;
    private long _lost;

    internal EventSubscription(Action<EventSubscription> onEnd)
    {
        _onEnd = onEnd;
        _events = Channel.CreateBounded<HostEvent>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _lost));
    }

    /// <summary>False when the wait was cancelled or the subscription has ended.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _events.Reader.WaitToReadAsync(cancellationToken);

    /// <summary>The next event that is here; a <see cref="EventKinds.Resync"/> before the first one after a gap.</summary>
    public bool TryRead(out HostEvent happened)
    {
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            happened = new HostEvent(0, EventKinds.Resync, System.Text.Encoding.UTF8.GetBytes($$"""{"lost":{{lost}}}"""));
            return true;
        }

        return _events.Reader.TryRead(out happened);
    }

    public void Dispose()
    {
        _onEnd(this);
        _events.Writer.TryComplete();
    }

    internal void Add(HostEvent happened) => _events.Writer.TryWrite(happened);
}
