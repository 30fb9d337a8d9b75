using Tandem.Host.Serving;

namespace Tandem.Tests.Serving;

public sealed class EvictionTests
{
    private const long Plenty = 1000;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Who runs (name, I idle / B busy or loading / U idle and loaded by a user, last use, bytes), how many are kept, bytes available and
    // wanted → who goes.
    [Theory]
    [InlineData("aI1:10", 1, Plenty, 10, "a")]
    [InlineData("aB1:10 cI2:10", 1, Plenty, 10, "c")]
    [InlineData("aU1:10 cI2:10", 1, Plenty, 10, "c")]
    [InlineData("wI1:10", 1, Plenty, 10, "")]
    [InlineData("nI9:10 oI1:10", 2, Plenty, 10, "o")]
    [InlineData("aI1:10 cI2:10", 3, Plenty, 10, "")]
    [InlineData("aI1:10 cI2:10", 0, Plenty, 10, "")]
    [InlineData("aI1:10 cI2:10 dI3:10", 0, 5, 10, "a")]
    [InlineData("aI1:10 cI2:10 dI3:10", 0, 5, 25, "a c")]
    [InlineData("aI1:10 cI2:10", 2, 0, 15, "a c")]
    [InlineData("aI1:10", 0, 0, 0, "")]
    public void Idle_ones_go_least_recently_used_first_until_few_enough_are_kept_and_the_memory_is_enough(
        string running, int kept, long available, long wanted, string going)
    {
        var plan = Eviction.Plan(new WantedModel("w", ByUser: false, wanted), Running(running), kept, available);
        Assert.Equal(going, string.Join(' ', plan.Going));
        Assert.Equal(0, plan.MissingBytes);
    }

    [Theory]
    [InlineData("aB1:10", 5, 20, 15)]
    [InlineData("aU1:10", 5, 20, 15)]
    [InlineData("aI1:10", 5, 20, 5)]
    [InlineData("", 5, 20, 15)]
    public void What_cannot_fit_evicts_nobody_and_says_what_is_missing(string running, long available, long wanted, long missing)
    {
        var plan = Eviction.Plan(new WantedModel("w", ByUser: false, wanted), Running(running), kept: 1, available);
        Assert.Empty(plan.Going);
        Assert.Equal(missing, plan.MissingBytes);
    }

    [Fact]
    public void A_load_by_a_user_evicts_for_memory_only()
    {
        Assert.Empty(Eviction.Plan(new WantedModel("w", ByUser: true, 10), Running("aI1:10"), kept: 1, Plenty).Going);
        Assert.Equal(["a"], Eviction.Plan(new WantedModel("w", ByUser: true, 10), Running("aI1:10"), kept: 1, available: 5).Going);
    }

    [Theory]
    [InlineData("aI1:10 cI2:10", 1, "a")]
    [InlineData("cI2:10 aI1:10 dI3:10", 1, "a c")]
    [InlineData("aI1:10 cI2:10 dI3:10", 2, "a")]
    [InlineData("aI1:10", 1, "")]
    [InlineData("aB1:10 cI2:10", 1, "")]
    [InlineData("aU1:10 cI2:10", 1, "")]
    [InlineData("aI1:10 cI2:10", 0, "")]
    public void Ones_that_became_idle_after_another_was_loaded_go_too(string running, int kept, string going) =>
        Assert.Equal(going, string.Join(' ', Eviction.Surplus(Running(running), kept)));

    private static IEnumerable<RunningModel> Running(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one =>
        new RunningModel(one[..1], one[1] != 'B', one[1] == 'U', Start.AddSeconds(one[2] - '0'), long.Parse(one[4..], System.Globalization.CultureInfo.InvariantCulture)));
}
