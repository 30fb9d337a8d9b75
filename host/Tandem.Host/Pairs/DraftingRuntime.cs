using Tandem.Host.Models;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>Knows, before anything is loaded, whether the runtime that a model gets can draft.</summary>
internal sealed class DraftingRuntime(RuntimeCatalogue runtimes, PluginCatalogue plugins)
{
    private const string Capability = "speculation.draft";

    /// <summary>Why no draft can be used with a model: no runtime works, or its engine is too old. Null when one can.</summary>
    public Failure? ProblemOf(ModelEntry main) => runtimes.Pick(main.EngineId, main.Key) switch
    {
        RuntimeChoice.Missing missing => missing.Failure,
        RuntimeChoice.Found { Runtime: var runtime } when OutdatedEngine(main.EngineId, runtime) is { } engine => OutdatedRuntime.FailureFor(engine, runtime, Capability),
        _ => null,
    };

    private EngineInfo? OutdatedEngine(string engineId, RuntimeInfo runtime) =>
        plugins.Find(engineId)?.Engine is { } engine && engine.CapabilitySince.GetValueOrDefault(Capability) is { } since
        && RuntimeVersion.Order.Compare(runtime.EngineVersion, since) < 0
            ? engine
            : null;
}
