using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>What Tandem wants of a load about which nobody has said anything, where that is not what workers do by themselves.</summary>
internal static class LoadDefaults
{
    /// <summary>Sequences a model serves at the same time; a worker's own default is one.</summary>
    public const int Parallel = 4;

    /// <param name="accepted">Settings that the worker knows: what it does not know it does in its own way.</param>
    public static LoadModelRequest Fill(LoadModelRequest request, IReadOnlySet<string> accepted)
    {
        if (request.Settings is { HasParallel: true } || !accepted.Contains("load.parallel"))
            return request;
        var filled = request.Clone();
        filled.Settings ??= new LoadSettings();
        filled.Settings.Parallel = Parallel;
        return filled;
    }
}
