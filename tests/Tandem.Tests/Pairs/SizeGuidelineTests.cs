using Tandem.Host.Pairs;

namespace Tandem.Tests.Pairs;

public sealed class SizeGuidelineTests
{
    [Theory]
    [InlineData(3.09, 0.49, false)]
    [InlineData(7.62, 0.49, true)]
    [InlineData(8.03, 1.24, true)]
    [InlineData(7.62, 1.54, false)]
    [InlineData(14.8, 3.09, true)]
    [InlineData(14.8, 7.62, false)]
    [InlineData(32.8, 7.62, true)]
    [InlineData(32.8, 14.8, false)]
    [InlineData(70.6, 7.62, true)]
    public void A_draft_may_be_so_large(double main, double draft, bool allowed) =>
        Assert.Equal(allowed, SizeGuideline.Allows((long)(main * 1e9), (long)(draft * 1e9)));

    [Fact]
    public void The_smallest_main_model_of_a_draft_is_the_first_that_allows_it()
    {
        foreach (var draft in new[] { 0L, 1_300_000_000, 1_300_000_001, 3_500_000_000, 8_000_000_000 })
        {
            var least = SizeGuideline.SmallestMain(draft)!.Value;
            Assert.True(SizeGuideline.Allows(least, draft));
            Assert.False(draft > 0 && SizeGuideline.Allows(least - 1, draft));
        }

        Assert.Null(SizeGuideline.SmallestMain(8_000_000_001));
    }
}
