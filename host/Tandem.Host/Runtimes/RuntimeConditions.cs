using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Runtimes;

/// <summary>The condition that holds for every engine; plugins add their own, and the survey checks files.</summary>
internal static class RuntimeConditions
{
    public static Predicate Protocol(RuntimeInfo runtime)
    {
        var holds = runtime.ProtocolMin <= WorkerContract.ProtocolMax && runtime.ProtocolMax >= WorkerContract.ProtocolMin;
        var range = $"It speaks worker contract {runtime.ProtocolMin} to {runtime.ProtocolMax}, this Tandem {WorkerContract.ProtocolMin} to {WorkerContract.ProtocolMax}.";
        return new Predicate("protocol", holds, range, holds ? "" : "Install a build for this Tandem, or update Tandem.");
    }
}
