using System.Runtime.CompilerServices;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// What a random number is for. Numbers of different purposes at one position are independent, which rejection sampling needs:
/// the same number may not draw a draft token and decide about it.
/// </summary>
internal enum DrawPurpose
{
    /// <summary>Draws a draft token from the draft's distribution.</summary>
    Draft = 0,

    /// <summary>Accepts or refuses a draft token.</summary>
    Acceptance = 1,

    /// <summary>Draws from the main distribution, or from what a refusal leaves of it.</summary>
    Main = 2,

    /// <summary>Decides whether the top choices are excluded (XTC): the same for the draft's row and the main model's.</summary>
    Exclusion = 3,
}

/// <summary>
/// Random numbers that are a function of (seed, position, purpose, start of the step): no state, so neither the batch nor earlier drafts can shift them.
/// Philox 4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
/// </summary>
internal sealed class CounterRandom(ulong seed)
{
    private const int Rounds = 10;
    private const uint FirstMultiplier = 0xD2511F53;
    private const uint SecondMultiplier = 0xCD9E8D57;
    private const uint FirstKeyStep = 0x9E3779B9;
    private const uint SecondKeyStep = 0xBB67AE85;

    public ulong Seed => seed;

    /// <summary>A uniform number in [0, 1) with 53 random bits.</summary>
    /// <param name="position">Index of the token in the answer; 0 is the first.</param>
    /// <param name="purpose">What the number is for.</param>
    /// <param name="start">Index of the token the step began with.</param>
    public double Uniform(long position, DrawPurpose purpose, long start = 0)
    {
        var block = Block(
            new PhiloxBlock((uint)position, (uint)((ulong)position >> 32), (uint)purpose, (uint)start),
            (uint)seed,
            (uint)(seed >> 32));
        var bits = ((ulong)block.Second << 32) | block.First;
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The bare function of the paper: ten rounds over a counter of four words under a key of two.</summary>
    public static PhiloxBlock Block(PhiloxBlock counter, uint firstKey, uint secondKey)
    {
        for (var round = 0; round < Rounds; round++)
        {
            counter = Round(counter, firstKey, secondKey);
            firstKey += FirstKeyStep;
            secondKey += SecondKeyStep;
        }
        return counter;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PhiloxBlock Round(PhiloxBlock counter, uint firstKey, uint secondKey)
    {
        var first = (ulong)FirstMultiplier * counter.First;
        var second = (ulong)SecondMultiplier * counter.Third;
        return new PhiloxBlock(
            (uint)(second >> 32) ^ counter.Second ^ firstKey,
            (uint)second,
            (uint)(first >> 32) ^ counter.Fourth ^ secondKey,
            (uint)first);
    }
}

/// <summary>Four words: the counter that goes in and the random words that come out.</summary>
internal readonly record struct PhiloxBlock(uint First, uint Second, uint Third, uint Fourth);
