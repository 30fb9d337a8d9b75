using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Engine.LlamaCpp.Native;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>
/// What a runtime is on this machine, found out by loading it: one JSON object on standard output. Exit code 0 even when something is
/// broken, because the answer is the point; a crash of the library shows as this process's own end.
/// </summary>
internal static class Probe
{
    internal static int Run(string? runtimeFolder)
    {
        var broken = new List<string>();
        if (string.IsNullOrEmpty(runtimeFolder))
            broken.Add("No runtime folder was given: worker --probe FOLDER.");
        else if (NativeLlama.Load(runtimeFolder) is { } reason)
            broken.Add(reason);
        var loaded = broken.Count == 0;
        var report = new ProbeReport
        {
            Engine = EngineFacts.Id,
            Version = loaded ? NativeLlama.Version : "",
            WorkerVersion = EngineFacts.WorkerVersion,
            Devices = loaded ? [.. EngineFacts.Devices().Select(device => new ProbedDevice(device.Name, device.Description, device.Kind.ToString(), device.MemoryTotal, device.MemoryFree))] : [],
            CpuFeatures = loaded ? CpuFeatures(NativeLlama.SystemInfo) : [],
            Libraries = runtimeFolder is not null && Directory.Exists(runtimeFolder) ? [.. LoadedLibraries(runtimeFolder)] : [],
            Broken = broken,
        };
        Console.Out.WriteLine(JsonSerializer.Serialize(report, ProbeJson.Default.ProbeReport));
        return 0;
    }

    /// <summary>The library prints <c>CPU : SSE3 = 1 | AVX = 1 | …</c>.</summary>
    private static List<string> CpuFeatures(string systemInfo) =>
        [.. systemInfo.Split(['|', ':'], StringSplitOptions.TrimEntries)
            .Where(part => part.EndsWith("= 1", StringComparison.Ordinal))
            .Select(part => part[..part.IndexOf('=', StringComparison.Ordinal)].Trim().ToLowerInvariant())];

    private static IEnumerable<string> LoadedLibraries(string folder)
    {
        var files = Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal).OfType<string>();
        if (!OperatingSystem.IsLinux())
            return files.Where(file => file.EndsWith(".dylib", StringComparison.Ordinal) || file.EndsWith(".dll", StringComparison.OrdinalIgnoreCase));
        var maps = File.ReadAllText("/proc/self/maps");
        return files.Where(file => maps.Contains("/" + file, StringComparison.Ordinal));
    }
}

internal sealed record ProbeReport
{
    public required string Engine { get; init; }
    public required string Version { get; init; }
    public required string WorkerVersion { get; init; }
    public required IReadOnlyList<ProbedDevice> Devices { get; init; }
    public required IReadOnlyList<string> CpuFeatures { get; init; }

    /// <summary>Files of the runtime that were really loaded.</summary>
    public required IReadOnlyList<string> Libraries { get; init; }

    /// <summary>What is broken, one sentence each; empty when the runtime works.</summary>
    public required IReadOnlyList<string> Broken { get; init; }
}

internal sealed record ProbedDevice(string Name, string Description, string Kind, ulong MemoryTotal, ulong MemoryFree);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeReport))]
internal sealed partial class ProbeJson : JsonSerializerContext;
