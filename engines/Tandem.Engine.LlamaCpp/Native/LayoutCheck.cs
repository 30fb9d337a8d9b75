using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>
/// Compares the struct layouts of this build with the loaded library: a library of another layout would be driven with garbage.
/// The library's version string is no layout number, so it is asked for defaults instead, and both their place and their extent are checked.
/// </summary>
internal static unsafe class LayoutCheck
{
    private const byte Pattern = 0xA5;
    private const int Room = 1024;

    /// <summary>Null when the layouts agree; else one sentence naming the struct and both sides.</summary>
    internal static string? FindDifference()
    {
        var model = LlamaApi.llama_model_default_params();
        var context = LlamaApi.llama_context_default_params();
        if (!IsKnown(model))
            return "The defaults of llama_model_params are not where this worker expects them.";
        if (!IsKnown(context))
            return "The defaults of llama_context_params are not where this worker expects them.";
        return FindSizeDifference("llama_model_default_params", sizeof(ModelParams), HasTrailingBytes: 2)
            ?? FindSizeDifference("llama_context_default_params", sizeof(ContextParams), HasTrailingBytes: 0);
    }

    private static bool IsKnown(ModelParams p) =>
        p is { GpuLayers: -1, SplitMode: 1, LoadMode: -1, LazyMode: 1, MainGpu: 0, VocabularyOnly: 0, CheckTensors: 0, UseExtraBufferTypes: 1, NoHost: 0 }
        && p.Devices is null && p.ProgressCallback is null && p.KeyValueOverrides == 0;

    private static bool IsKnown(ContextParams p) =>
        p is { ContextLength: 512, BatchSize: 2048, PhysicalBatchSize: 512, SequenceMax: 1, OutputsMaxPerSequence: 1, RopeScalingType: -1, PoolingType: -1 }
        && p is { FlashAttentionType: -1, YarnExtensionFactor: -1, KeyType: 1, ValueType: 1, OffloadKeyValue: 1, NoPerformanceCounters: 1, FullSlidingWindow: 1, UnifiedKeyValue: 0 }
        && p.AbortCallback is null && p.SamplerCount == 0;

    /// <summary>
    /// A struct returned by value is written through a hidden pointer. On x86-64 that pointer is the first argument, so the call can be made
    /// with a buffer of ours, and the last byte written tells the size. (ARM64 passes it in a register of its own: there the values above decide.)
    /// </summary>
    private static string? FindSizeDifference(string function, int expected, int HasTrailingBytes)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return null;
        var buffer = stackalloc byte[Room];
        Unsafe.InitBlock(buffer, Pattern, Room);
        ((delegate* unmanaged[Cdecl]<byte*, byte*>)NativeLlama.FindExport(LlamaApi.Llama, function))(buffer);
        var written = Room;
        while (written > 0 && buffer[written - 1] == Pattern)
            written--;
        // Padding at the end of a struct may be left unwritten.
        return written > expected || written < expected - HasTrailingBytes
            ? $"{function} writes {written} bytes where this worker expects {expected}."
            : null;
    }
}
