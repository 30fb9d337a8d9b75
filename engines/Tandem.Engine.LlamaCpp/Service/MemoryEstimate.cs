using System.Globalization;
using System.Text.RegularExpressions;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>
/// What a configuration would hold. Model and context are made with <c>no_alloc</c>, which lays every buffer out and allocates none: weights are
/// then counted by the library, and the compute buffers, for which it has no C function, are named in its log. The KV cache is computed from
/// the model's shape, because without memory the library gives it no size; hence the answer is never called exact. Weights and cache that go
/// to accelerators are not told apart by device: they are listed under the first of them.
/// </summary>
internal static partial class MemoryEstimate
{
    private const double Mebibyte = 1 << 20;

    /// <exception cref="Grpc.Core.RpcException">The file or the settings cannot be used.</exception>
    internal static EstimateResponse Of(EstimateRequest request, CancellationToken cancellationToken)
    {
        var memory = new SortedDictionary<string, DeviceMemory>(StringComparer.Ordinal);
        var placement = Lay(request.Model, Placement.From(request.Settings, "settings"), "settings", isDraft: false, memory, cancellationToken);
        if (request.Draft is { } draft)
        {
            var settings = draft.Settings?.Clone() ?? new LoadSettings();
            settings.ContextLength = (uint)placement.ContextLength;
            settings.Parallel = (uint)placement.Parallel;
            Lay(draft.Model, Placement.From(settings, "draft.settings"), "draft.settings", isDraft: true, memory, cancellationToken);
        }
        return new EstimateResponse { Exact = false, Memory = { memory.Values } };
    }

    private static Placement Lay(
        ModelReference model, Placement placement, string field, bool isDraft, SortedDictionary<string, DeviceMemory> memory, CancellationToken cancellationToken)
    {
        // Memory maps cannot be laid out without being made.
        var asked = placement with { MemoryMap = false, MemoryLock = false };
        var figures = new DeviceMemory();
        var lines = NativeLog.Collect(() =>
        {
            var (loaded, context, fitted) = ModelLoader.Load(
                model, asked, new LoadPurpose(field, null, () => false, isDraft, EstimatesOnly: true), _ => { }, cancellationToken);
            (figures.Weights, figures.KvCache) = (loaded.WeightBytes, MemoryFigures.CacheBytes(loaded, fitted));
            context.Dispose();
            loaded.Dispose();
            placement = fitted;
        });
        var device = placement.GpuLayers == 0 ? null : EngineFacts.Devices().FirstOrDefault(known => known.Kind != Device.Types.Kind.Cpu)?.Name;
        Add(memory, device ?? "CPU", isDraft, figures);
        foreach (var line in lines)
            AddCompute(line, isDraft, memory);
        return placement;
    }

    private static void AddCompute(string line, bool isDraft, SortedDictionary<string, DeviceMemory> memory)
    {
        if (BufferLine().Match(line) is not { Success: true } match)
            return;
        var bytes = (ulong)(double.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture) * Mebibyte);
        var buffer = match.Groups["buffer"].Value;
        // CPU_REPACK, CUDA_Host: main memory.
        var isMain = buffer.StartsWith("CPU", StringComparison.Ordinal) || buffer.EndsWith("_Host", StringComparison.Ordinal);
        Add(memory, isMain ? "CPU" : buffer, isDraft, new DeviceMemory { Compute = bytes });
    }

    private static void Add(SortedDictionary<string, DeviceMemory> memory, string device, bool isDraft, DeviceMemory added)
    {
        if (!memory.TryGetValue(device, out var figures))
            memory[device] = figures = new DeviceMemory { Device = device };
        figures.Weights += added.Weights;
        figures.KvCache += added.KvCache;
        figures.Compute += added.Compute;
        if (isDraft)
            figures.Draft += added.Weights + added.KvCache + added.Compute;
    }

    [GeneratedRegex(@"(?<buffer>\S+)\s+(compute|output) buffer size =\s*(?<size>[0-9.]+) MiB")]
    private static partial Regex BufferLine();
}
