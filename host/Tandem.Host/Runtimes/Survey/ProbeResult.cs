using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Host.Runtimes.Survey;

/// <summary>What a runtime's probe found out: the worker loaded it, in a process of its own, as a launch would.</summary>
public sealed record ProbeResult
{
    /// <summary>Process that probed.</summary>
    public required int Pid { get; init; }
    public required DateTimeOffset At { get; init; }
    public required double Seconds { get; init; }

    /// <summary>What is broken, one sentence each; empty when it works.</summary>
    public required IReadOnlyList<string> Broken { get; init; }

    /// <summary>What to do about it; null when it works.</summary>
    public string? NextStep { get; init; }

    /// <summary>It works, but not as it was built to: no device for it was found.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Version as the engine states it.</summary>
    public string Version { get; init; } = "";
    public IReadOnlyList<ProbedDevice> Devices { get; init; } = [];
    public IReadOnlyList<string> CpuFeatures { get; init; } = [];

    /// <summary>Files of the runtime that were really loaded.</summary>
    public IReadOnlyList<string> Libraries { get; init; } = [];

    [JsonIgnore]
    public bool Works => Broken.Count == 0;
}

/// <param name="Kind">Cpu, Gpu, IntegratedGpu, Accelerator; empty when the engine does not say.</param>
public sealed record ProbedDevice(string Name, string Description, string Kind, long MemoryTotal, long MemoryFree);

/// <summary>The one JSON object that a probe prints.</summary>
internal sealed record ProbeOutput
{
    public string? Engine { get; init; }
    public string? Version { get; init; }
    public IReadOnlyList<ProbeOutputDevice>? Devices { get; init; }
    public IReadOnlyList<string>? CpuFeatures { get; init; }
    public IReadOnlyList<string>? Libraries { get; init; }
    public IReadOnlyList<string>? Broken { get; init; }

    /// <summary>The last line that is such an object: libraries may print before it. Null when there is none.</summary>
    public static ProbeOutput? TryParse(string output)
    {
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Reverse())
        {
            try
            {
                if (line[0] == '{' && JsonSerializer.Deserialize(line, ProbeJson.Default.ProbeOutput) is { } parsed)
                    return parsed;
            }
            catch (JsonException)
            {
                // Something else that begins with a brace.
            }
        }

        return null;
    }
}

internal sealed record ProbeOutputDevice(string? Name, string? Description, string? Kind, ulong MemoryTotal, ulong MemoryFree);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeOutput))]
[JsonSerializable(typeof(SurveyResult))]
internal sealed partial class ProbeJson : JsonSerializerContext;
