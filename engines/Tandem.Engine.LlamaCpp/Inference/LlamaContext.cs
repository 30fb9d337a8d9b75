using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tandem.Engine.LlamaCpp.Native;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// A context with the batch that is being filled for it. Used by one thread only. One pass: <see cref="Add"/> rows, <see cref="Decode"/>,
/// read <see cref="Logits"/> of the rows that asked for them, before the next row is added.
/// </summary>
internal sealed unsafe class LlamaContext : IDisposable
{
    private readonly ContextHandle _handle;
    private readonly ComputeThreads? _threads;
    private readonly nint _memory;
    private readonly int _vocabularySize;
    private readonly int _capacity;
    private readonly int _embeddingLength;
    private readonly nint _block;
    private NativeBatch _batch;
    private GCHandle _abortRoot;

    private LlamaContext(ContextHandle handle, ComputeThreads? threads, LlamaModel model, int capacity, GCHandle abortRoot)
    {
        _handle = handle;
        _threads = threads;
        _abortRoot = abortRoot;
        _vocabularySize = model.Vocabulary.Size;
        _embeddingLength = model.OutputLength;
        // A pass larger than the context is cut down by the library.
        _capacity = capacity = Math.Min(capacity, (int)LlamaApi.llama_n_batch(handle.Pointer));
        _memory = LlamaApi.llama_get_memory(handle.Pointer);
        if (threads is not null)
            LlamaApi.llama_attach_threadpool(handle.Pointer, threads.Pointer, threads.Pointer);
        _block = AllocateBatch(capacity, out _batch);
    }

    /// <summary>Tokens the cache holds for all sequences together.</summary>
    internal int ContextLength => (int)LlamaApi.llama_n_ctx(_handle.Pointer);

    /// <summary>Rows one pass can take.</summary>
    internal int Capacity => _capacity;

    /// <summary>Rows added since the last pass.</summary>
    internal int RowCount => _batch.TokenCount;

    /// <summary>Bytes that the state of all sequences would take when written out: the size of the cache in use.</summary>
    internal nuint SequenceStateSize(int sequence) => LlamaApi.llama_state_seq_get_size(_handle.Pointer, sequence);

    /// <summary>
    /// Null when the context cannot be made (not enough memory, settings that exclude each other). <paramref name="shouldAbort"/> is asked
    /// between the nodes of a running graph (CPU only) and must be quick.
    /// </summary>
    internal static LlamaContext? Create(LlamaModel model, ContextParams parameters, ComputeThreads? threads, Func<bool> shouldAbort)
    {
        var root = GCHandle.Alloc(shouldAbort);
        parameters.AbortCallback = &AskAbort;
        parameters.AbortCallbackData = GCHandle.ToIntPtr(root);
        var handle = ContextHandle.Create(model.Handle, parameters);
        if (handle is not null)
            return new LlamaContext(handle, threads, model, (int)parameters.BatchSize, root);
        root.Free();
        return null;
    }

    /// <summary>Adds a row to the next pass and returns its index, by which its logits are read.</summary>
    internal int Add(int token, int position, int sequence, bool wantsLogits)
    {
        var row = _batch.TokenCount++;
        _batch.Tokens[row] = token;
        _batch.Positions[row] = position;
        *_batch.SequenceIds[row] = sequence;
        _batch.WantsLogits[row] = wantsLogits ? (sbyte)1 : (sbyte)0;
        return row;
    }

    /// <summary>Runs the pass; the rows are gone afterwards, whatever the outcome.</summary>
    internal DecodeStatus Decode()
    {
        var status = (DecodeStatus)LlamaApi.llama_decode(_handle.Pointer, _batch);
        _batch.TokenCount = 0;
        return status;
    }

    /// <summary>Logits over the vocabulary after a row of the last pass that wanted them. Valid until the next pass.</summary>
    internal ReadOnlySpan<float> Logits(int row)
    {
        var logits = LlamaApi.llama_get_logits_ith(_handle.Pointer, row);
        return logits is null
            ? throw new InvalidOperationException($"Row {row} of the last pass has no logits.")
            : new ReadOnlySpan<float>(logits, _vocabularySize);
    }

    /// <summary>The pooled vector of a sequence of the last pass. Valid until the next pass.</summary>
    internal ReadOnlySpan<float> Embedding(int sequence)
    {
        var vector = LlamaApi.llama_get_embeddings_seq(_handle.Pointer, sequence);
        return vector is null
            ? throw new InvalidOperationException($"Sequence {sequence} of the last pass has no embedding.")
            : new ReadOnlySpan<float>(vector, _embeddingLength);
    }

    /// <summary>How the vectors of a text become one; 0: they do not.</summary>
    internal int Pooling => LlamaApi.llama_pooling_type(_handle.Pointer);

    /// <summary>Uses these adapters from the next pass on. False when the library refuses them.</summary>
    internal bool UseAdapters(ReadOnlySpan<nint> adapters, ReadOnlySpan<float> scales)
    {
        fixed (nint* handles = adapters)
        fixed (float* strengths = scales)
            return LlamaApi.llama_set_adapters_lora(_handle.Pointer, handles, (nuint)adapters.Length, strengths) == 0;
    }

    /// <summary>What the cache holds of a sequence, to be brought back with <see cref="Restore"/>.</summary>
    internal byte[] Save(int sequence)
    {
        var state = GC.AllocateUninitializedArray<byte>((int)LlamaApi.llama_state_seq_get_size(_handle.Pointer, sequence));
        fixed (byte* target = state)
            return LlamaApi.llama_state_seq_get_data(_handle.Pointer, target, (nuint)state.Length, sequence) == (nuint)state.Length ? state : [];
    }

    /// <summary>Replaces a sequence by a saved one. False when there is no room; the sequence is then empty.</summary>
    internal bool Restore(int sequence, byte[] state)
    {
        fixed (byte* source = state)
            return LlamaApi.llama_state_seq_set_data(_handle.Pointer, source, (nuint)state.Length, sequence) != 0;
    }

    /// <summary>Keeps positions 0 to <paramref name="length"/> - 1 of a sequence. False when the cache cannot be cut there.</summary>
    internal bool Trim(int sequence, int length) => LlamaApi.llama_memory_seq_rm(_memory, sequence, length, -1) != 0;

    /// <summary>Makes positions 0 to <paramref name="length"/> - 1 of one sequence those of another as well; the cells are shared.</summary>
    internal void CopySequence(int source, int target, int length) => LlamaApi.llama_memory_seq_cp(_memory, source, target, 0, length);

    internal void Clear() => LlamaApi.llama_memory_clear(_memory, 0);

    public void Dispose()
    {
        _handle.Dispose();
        if (_block == 0)
            return;
        NativeMemory.Free((void*)_block);
        _abortRoot.Free();
    }

    /// <summary>One block holds all arrays of the batch, so that a pass allocates nothing.</summary>
    private static nint AllocateBatch(int capacity, out NativeBatch batch)
    {
        var perRow = sizeof(int*) + (4 * sizeof(int)) + sizeof(sbyte);
        var block = (byte*)NativeMemory.AllocZeroed((nuint)(capacity * perRow));
        batch = new NativeBatch { SequenceIds = (int**)block };
        batch.Tokens = (int*)(block + (capacity * sizeof(int*)));
        batch.Positions = batch.Tokens + capacity;
        batch.SequenceCounts = batch.Positions + capacity;
        var sequences = batch.SequenceCounts + capacity;
        batch.WantsLogits = (sbyte*)(sequences + capacity);
        for (var row = 0; row < capacity; row++)
        {
            batch.SequenceIds[row] = sequences + row;
            batch.SequenceCounts[row] = 1;
        }
        return (nint)block;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte AskAbort(nint data) => ((Func<bool>)GCHandle.FromIntPtr(data).Target!)() ? (byte)1 : (byte)0;
}
