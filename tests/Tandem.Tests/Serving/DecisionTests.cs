using Tandem.Host.Serving;

namespace Tandem.Tests.Serving;

public sealed class DecisionTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", "m")]
    [InlineData("m", "m:2")]
    [InlineData("m:2", "m")]
    [InlineData("m m:2 m:4", "m:3")]
    public void A_further_instance_has_the_first_free_number(string taken, string name) =>
        Assert.Equal(name, InstanceNames.Free("m", taken.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet()));

    // Instance, + serves or - does not, and what it has to do.
    [Theory]
    [InlineData("", null, "m")]
    [InlineData("m-0", null, "m")]
    [InlineData("m+3 m:2+1", null, "m:2")]
    [InlineData("m+1 m:2+1", null, "m")]
    [InlineData("m-0 m:2+9", null, "m:2")]
    [InlineData("m+0 m:2+9", "m:2", "m:2")]
    [InlineData("m+0", "m:7", "m")]
    public void A_request_gets_the_instance_it_asks_for_or_the_one_with_the_least_to_do(string instances, string? asked, string chosen) =>
        Assert.Equal(chosen, InstanceNames.Choose("m", asked, [.. instances.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => new InstanceLoad(one[..^2], one[^2] == '+', one[^1] - '0'))]));

    [Theory]
    [InlineData("short", null)]
    [InlineData("short:2", "publisher/short:2")]
    [InlineData("publisher/short:12", "publisher/short:12")]
    [InlineData("short:new", null)]
    public void An_instance_is_asked_for_by_its_number(string name, string? asked) => Assert.Equal(asked, InstanceNames.Asked("publisher/short", name));

    [Fact]
    public void What_has_been_idle_for_its_time_goes_and_the_next_look_is_when_the_next_one_is_due()
    {
        var (over, next) = IdleUnload.Plan(
            [("old", Now.AddSeconds(-61), TimeSpan.FromSeconds(60)), ("new", Now.AddSeconds(-10), TimeSpan.FromSeconds(60)),
             ("newer", Now.AddSeconds(-1), TimeSpan.FromSeconds(600)), ("kept", Now.AddDays(-9), null)],
            Now);
        Assert.Equal(["old"], over);
        Assert.Equal(TimeSpan.FromSeconds(50), next);
    }

    [Theory]
    [InlineData(false, null, 3600.0)]
    [InlineData(false, 5, 5.0)]
    [InlineData(true, null, null)]
    [InlineData(true, 5, 5.0)]
    public void A_model_loaded_by_a_user_goes_only_by_a_time_of_its_own(bool byUser, int? ttl, double? seconds)
    {
        var slot = new ModelSlot("m", "m") { ByUser = byUser, Ttl = ttl is { } given ? TimeSpan.FromSeconds(given) : null };
        Assert.Equal(seconds, IdleUnload.TtlOf(slot, new ServingOptions())?.TotalSeconds);
    }
}
