using System.Text.Json.Serialization;

namespace Tandem.Host.Runtimes.Survey;

/// <summary>What a survey found out about a runtime beyond its manifest.</summary>
/// <param name="Damage">The first file that is not as it was installed; null when all are.</param>
/// <param name="Probe">Null when it was not probed: its files are damaged, or it cannot work here anyway.</param>
public sealed record SurveyResult(string? Damage, ProbeResult? Probe)
{
    [JsonIgnore]
    public bool Works => Damage is null && Probe?.Works != false;
}
