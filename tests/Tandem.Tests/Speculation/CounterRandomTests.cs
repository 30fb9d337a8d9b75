using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

public sealed class CounterRandomTests
{
    // Known answers of the reference implementation (Random123, philox4x32-10).
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(
        0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(
        0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void The_generator_gives_the_published_answers(
        uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal(new PhiloxBlock(r0, r1, r2, r3), CounterRandom.Block(new PhiloxBlock(c0, c1, c2, c3), k0, k1));

    [Fact]
    public void A_number_depends_on_seed_position_and_purpose_and_on_nothing_else()
    {
        var random = new CounterRandom(7);
        var number = random.Uniform(3, DrawPurpose.Main);
        _ = random.Uniform(4, DrawPurpose.Draft);
        Assert.Equal(number, random.Uniform(3, DrawPurpose.Main));
        Assert.Equal(number, new CounterRandom(7).Uniform(3, DrawPurpose.Main));
        double[] others =
        [
            random.Uniform(3, DrawPurpose.Draft), random.Uniform(3, DrawPurpose.Acceptance), random.Uniform(4, DrawPurpose.Main),
            random.Uniform(3 + (1L << 32), DrawPurpose.Main), new CounterRandom(7 + (1UL << 32)).Uniform(3, DrawPurpose.Main),
        ];
        Assert.DoesNotContain(number, others);
        Assert.Equal(others.Length, others.Distinct().Count());
    }

    [Fact]
    public void Numbers_are_uniform_in_the_unit_interval()
    {
        var random = new CounterRandom(1);
        var counts = new double[20];
        for (var position = 0; position < 20_000; position++)
            counts[(int)(random.Uniform(position, DrawPurpose.Draft) * counts.Length)]++;
        Assert.InRange(ChiSquare.Significance(counts, [.. counts.Select(_ => 1.0 / counts.Length)]), 1e-4, 1);
    }
}
