namespace Tandem.Host.Pairs;

/// <summary>
/// How large a draft may be to promise a gain, as long as nothing has been measured: main models of 3B none, of 7B up to 1B, of 14B up
/// to 3B, of 32B up to 7B. Names are round and models are not (Llama 3.2 "1B" has 1.24 billion weights, Qwen2.5 "7B" 7.62), so the
/// limits stand where the next larger common size begins.
/// </summary>
internal static class SizeGuideline
{
    private const long Billion = 1_000_000_000;

    private static readonly (long Main, long Draft)[] Steps =
    [
        (24 * Billion, 8 * Billion),
        (10 * Billion, 3_500_000_000),
        (5 * Billion, 1_300_000_000),
    ];

    /// <summary>Most weights of a draft for a main model of so many; 0 when no draft is likely to pay.</summary>
    public static long LargestDraft(long mainParameters) => Array.Find(Steps, step => mainParameters >= step.Main).Draft;

    /// <summary>Fewest weights of a main model for which a draft of so many is within the guideline; null when there is none.</summary>
    public static long? SmallestMain(long draftParameters) =>
        Steps.Where(step => step.Draft >= draftParameters).Select(step => (long?)step.Main).LastOrDefault();

    public static bool Allows(long mainParameters, long draftParameters) => draftParameters <= LargestDraft(mainParameters);
}
