using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Native;

// Layouts of llama.cpp 0.4.0 and 0.5.0 (llama.h), 64-bit systems. `bool` is one byte. LayoutCheck compares them with the loaded library.

/// <summary><c>llama_model_params</c>, 80 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ModelParams
{
    public nint* Devices;
    public nint TensorBufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    public float* TensorSplit;
    public delegate* unmanaged[Cdecl]<float, nint, byte> ProgressCallback;
    public nint ProgressCallbackData;
    public nint KeyValueOverrides;
    public byte VocabularyOnly;
    public byte CheckTensors;
    public byte UseExtraBufferTypes;
    public byte NoHost;
    public byte NoAllocation;
    public byte LoadMultiTokenPrediction;
}

/// <summary><c>llama_context_params</c>, 160 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ContextParams
{
    public uint ContextLength;
    public uint BatchSize;
    public uint PhysicalBatchSize;
    public uint SequenceMax;
    public uint RecurrentStates;
    public uint OutputsMax;
    public uint OutputsMaxPerSequence;
    public int Threads;
    public int BatchThreads;
    public int ContextType;
    public int RopeScalingType;
    public int PoolingType;
    public int AttentionType;
    public int FlashAttentionType;
    public float RopeFrequencyBase;
    public float RopeFrequencyScale;
    public float YarnExtensionFactor;
    public float YarnAttentionFactor;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginalContext;
    public float DefragmentationThreshold;
    public nint EvaluationCallback;
    public nint EvaluationCallbackData;
    public int KeyType;
    public int ValueType;
    public delegate* unmanaged[Cdecl]<nint, byte> AbortCallback;
    public nint AbortCallbackData;
    public byte Embeddings;
    public byte OffloadKeyValue;
    public byte NoPerformanceCounters;
    public byte OffloadOperations;
    public byte FullSlidingWindow;
    public byte UnifiedKeyValue;
    public nint Samplers;
    public nuint SamplerCount;
    public nint OtherContext;
}

/// <summary><c>llama_batch</c>, 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeBatch
{
    public int TokenCount;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** SequenceIds;
    public sbyte* WantsLogits;
}

/// <summary><c>ggml_threadpool_params</c>, 528 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ThreadPoolParams
{
    public fixed byte CpuMask[512];
    public int Threads;
    public int Priority;
    public uint Poll;
    public byte StrictCpu;
    public byte Paused;
}

/// <summary><c>llama_model_kv_override</c>, 264 bytes; a list ends with an empty key.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct KeyValueOverride
{
    /// <summary>0: an integer.</summary>
    public int Tag;
    public fixed byte Key[128];
    public long Integer;
    public fixed byte Rest[120];
}

internal enum VocabularyType
{
    None = 0,
    SentencePiece = 1,
    BytePair = 2,
    WordPiece = 3,
    Unigram = 4,
    Rwkv = 5,
    Plamo2 = 6,
}

[Flags]
internal enum TokenAttributes
{
    None = 0,
    Unknown = 1,
    Unused = 2,
    Normal = 4,
    Control = 8,
    UserDefined = 16,
    Byte = 32,
    Normalized = 64,
    StripLeft = 128,
    StripRight = 256,
}

/// <summary>Return codes of <c>llama_decode</c>; below -1 something is broken for good.</summary>
internal enum DecodeStatus
{
    Ok = 0,

    /// <summary>No room in the KV cache; nothing changed.</summary>
    NoRoom = 1,

    /// <summary>The abort callback said so; physical batches that were finished stay in the cache.</summary>
    Aborted = 2,
    InvalidBatch = -1,
}
