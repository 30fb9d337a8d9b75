using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Says that a runtime is too old for something, which version has it and how to get it; the same words everywhere.</summary>
internal static class OutdatedRuntime
{
    /// <param name="capability">As in the worker contract.</param>
    public static Failure FailureFor(EngineInfo engine, RuntimeInfo runtime, string capability)
    {
        var needed = engine.CapabilitySince.GetValueOrDefault(capability);
        return needed is null || RuntimeVersion.Order.Compare(runtime.EngineVersion, needed) >= 0
            ? new Failure(FailureCodes.NotSupported, $"{engine.DisplayName} {runtime.EngineVersion} cannot use {WordsFor(capability)}.")
            : new Failure(
                FailureCodes.RuntimeOutdated,
                $"{engine.DisplayName} {runtime.EngineVersion} is too old for {WordsFor(capability)}: {engine.DisplayName} {needed} or newer is needed.",
                NextStep: $"Update the engine: tandem runtime update {engine.Id}");
    }

    private static string WordsFor(string capability) => capability switch
    {
        "speculation.draft" => "speculative decoding with a draft model",
        "speculation.ngram" => "speculative decoding with n-grams",
        _ => capability,
    };
}
