using System.Globalization;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>What the loaded models hold. Weights as the library counts them; the KV cache from the model's shape; compute buffers are not told apart.</summary>
internal static class MemoryFigures
{
    internal static IEnumerable<DeviceMemory> Of(LoadedEngine engine)
    {
        var memory = new DeviceMemory { Device = "CPU", Weights = engine.Model.WeightBytes, KvCache = CacheBytes(engine.Model, engine.Placement) };
        if (engine.Loop.DraftUnit is { } draft)
        {
            memory.Draft = draft.Model.WeightBytes + CacheBytes(draft.Model, draft.Placement);
            memory.Weights += draft.Model.WeightBytes;
            memory.KvCache += memory.Draft - draft.Model.WeightBytes;
        }
        return [memory];
    }

    /// <summary>Resident memory that is not mapped from files, bytes; 0 where the system does not say.</summary>
    internal static ulong ResidentPrivate()
    {
        if (!OperatingSystem.IsLinux())
            return (ulong)Environment.WorkingSet;
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                return ulong.Parse(line.AsSpan(8).Trim().TrimEnd("kB").TrimEnd(), CultureInfo.InvariantCulture) * 1024;
        }
        return 0;
    }

    /// <summary>Size of the KV cache, from the model's shape.</summary>
    internal static ulong CacheBytes(LlamaModel model, Placement placement)
    {
        var heads = Number(model, "attention.head_count");
        var cacheHeads = Number(model, "attention.head_count_kv") is > 0 and var given ? given : heads;
        var headLength = heads > 0 ? model.EmbeddingLength / heads : 0;
        var keyLength = Number(model, "attention.key_length") is > 0 and var key ? key : headLength;
        var valueLength = Number(model, "attention.value_length") is > 0 and var value ? value : headLength;
        var perToken = (keyLength * Placement.BytesPerElement(placement.KeyType)) + (valueLength * Placement.BytesPerElement(placement.ValueType));
        return (ulong)(perToken * cacheHeads * model.LayerCount * placement.ContextLength);
    }

    private static long Number(LlamaModel model, string key) =>
        long.TryParse(model.Metadata($"{model.Architecture}.{key}"), CultureInfo.InvariantCulture, out var number) ? number : 0;
}
