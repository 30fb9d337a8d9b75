using Tandem.Host.Models;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Lays what a request says over the defaults of its model.</summary>
internal static class RequestDefaults
{
    /// <summary>Load settings that were asked for, over the model's own.</summary>
    public static LoadSettings? Merge(LoadSettings? own, LoadSettings? asked)
    {
        if (own is null || asked is null)
            return asked ?? own;
        var merged = own.Clone();
        if (asked.Devices.Count > 0)
            merged.Devices.Clear();
        if (asked.DeviceShares.Count > 0)
            merged.DeviceShares.Clear();
        merged.MergeFrom(asked);
        return merged;
    }

    public static Sampling Apply(ModelDefaults defaults, Sampling asked)
    {
        if (defaults.Sampling is not { } own)
            return asked;
        var merged = own.Clone();
        // A list is replaced, not continued.
        if (asked.LogitBias.Count > 0)
            merged.LogitBias.Clear();
        if (asked.DrySequenceBreakers.Count > 0)
            merged.DrySequenceBreakers.Clear();
        merged.MergeFrom(asked);
        return merged;
    }

    public static SpeculationRequest Apply(ModelDefaults defaults, SpeculationRequest asked)
    {
        if (defaults.Speculation is not { } own)
            return asked;
        return asked with
        {
            Proposer = asked.Proposer == Proposer.Unspecified ? own.Proposer : asked.Proposer,
            Length = asked.LengthGiven || !own.HasLength || own.Length == 0 ? asked.Length : (int)own.Length,
            LengthGiven = asked.LengthGiven || own.HasLength,
            MinLength = asked.MinLength ?? (own.HasMinLength ? (int)own.MinLength : null),
            MinProbability = asked.MinProbability ?? (own.HasMinProbability ? own.MinProbability : null),
        };
    }
}
