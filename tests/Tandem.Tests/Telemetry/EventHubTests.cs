using System.Text;
using System.Text.Json.Serialization;
using Tandem.Host.Telemetry;

namespace Tandem.Tests.Telemetry;

public sealed partial class EventHubTests
{
    private readonly EventHub _hub = new();

    [Fact]
    public void Every_reader_gets_every_event_in_order()
    {
        using var first = _hub.Subscribe();
        using var second = _hub.Subscribe();
        Publish(1, 2, 3);
        Assert.Equal(["1", "2", "3"], Read(first));
        Assert.Equal(["1", "2", "3"], Read(second));
    }

    [Fact]
    public void A_reader_that_is_too_slow_loses_the_oldest_and_is_told_so()
    {
        using var slow = _hub.Subscribe();
        Publish([.. Enumerable.Range(1, EventSubscription.Capacity + 10)]);
        var read = Read(slow);
        Assert.Equal("{\"lost\":10}", read[0]);
        Assert.Equal("11", read[1]);
        Assert.Equal(EventSubscription.Capacity + 1, read.Count);
        Publish(7);
        Assert.Equal(["7"], Read(slow));
    }

    [Fact]
    public async Task After_its_end_a_reader_gets_nothing()
    {
        var reader = _hub.Subscribe();
        reader.Dispose();
        Publish(1);
        Assert.False(await reader.WaitAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Read(reader));
    }

    private void Publish(params ReadOnlySpan<int> values)
    {
        foreach (var value in values)
            _hub.Publish(EventKinds.Job, value, Numbers.Default.Int32);
    }

    private static List<string> Read(EventSubscription subscription)
    {
        var read = new List<string>();
        while (subscription.TryRead(out var happened))
            read.Add(Encoding.UTF8.GetString(happened.Data.Span));
        return read;
    }

    [JsonSerializable(typeof(int))]
    private sealed partial class Numbers : JsonSerializerContext;
}
