using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>Loads models and makes their contexts. Runs on the thread that calls; a load is cancelled between two of the library's progress reports.</summary>
internal static class ModelLoader
{
    /// <summary>Longest draft a request may ask for, tokens; a decode pass carries one row more.</summary>
    internal const int MaxDraftLength = 32;

    /// <exception cref="Grpc.Core.RpcException">The file or the settings cannot be used; code and next step say which.</exception>
    internal static (LlamaModel Model, LlamaContext Context, Placement Placement) Load(
        ModelReference reference, Placement placement, LoadPurpose purpose, Action<float> onProgress, CancellationToken cancellationToken)
    {
        if (reference.SourceCase != ModelReference.SourceOneofCase.Path)
            throw Refusal.NotSupported("model.remote", "This worker loads models from its own machine only.", "Send a path.");
        var model = LoadModel(reference, placement, purpose, onProgress, cancellationToken);
        try
        {
            placement = Fit(placement, model);
            var isEmbedder = MakesEmbeddings(model, placement);
            if (isEmbedder && purpose.IsDraft)
                throw Refusal.FailedPrecondition("not_supported", $"{Path.GetFileName(reference.Path)} ({model.Architecture}) makes embeddings, not text.", "Choose a language model.", "model.path");
            if (isEmbedder)
                placement = placement.ForEmbeddings();
            var parameters = isEmbedder ? placement.EmbeddingParameters(model.HasPooling)
                : placement.ContextParameters(purpose.IsDraft ? 1 : MaxDraftLength + 1);
            var context = LlamaContext.Create(model, parameters, purpose.Threads, purpose.ShouldAbort)
                ?? throw Refusal.ResourceExhausted("model_load_failed", $"No context of {placement.ContextLength} tokens could be made: {NativeLog.LastErrors()}", "Use a shorter context or a smaller KV type.");
            try
            {
                ApplyAdapters(model, context, placement, purpose.Field);
            }
            catch
            {
                context.Dispose();
                throw;
            }
            // The library rounds the context up and cuts the batch to it.
            return (model, context, placement with { ContextLength = Math.Min(placement.ContextLength, context.ContextLength), BatchSize = context.Capacity });
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// For a draft whose place was left open: its own wish is full offload, and what does not fit there may fit in main memory. A notice says so.
    /// </summary>
    /// <param name="mayMove">False: it loads as it is placed or not at all.</param>
    internal static T LoadWhereItFits<T>(Placement placement, bool mayMove, Func<Placement, T> load, List<string> notices)
    {
        try
        {
            return load(placement);
        }
        catch (Grpc.Core.RpcException refused) when (mayMove)
        {
            var loaded = load(placement with { GpuLayers = 0 });
            notices.Add($"The draft runs on the processor: {Refusal.DetailOf(refused)?.Message ?? refused.Status.Detail}");
            return loaded;
        }
    }

    /// <summary>A model made for embeddings, or one that is asked to pool.</summary>
    internal static bool MakesEmbeddings(LlamaModel model, Placement placement) => placement.Pooling is not null || model.HasPooling || !model.Generates;

    private static LlamaModel LoadModel(
        ModelReference reference, Placement placement, LoadPurpose purpose, Action<float> onProgress, CancellationToken cancellationToken)
    {
        using var parameters = new ModelParameters(placement, () => ReadArchitecture(reference.Path), purpose.Field);
        parameters.Values.NoAllocation = purpose.EstimatesOnly ? (byte)1 : (byte)0;
        var model = LlamaModel.Load(reference.Path, parameters.Values, fraction => Report(fraction, onProgress, cancellationToken), out var reason);
        cancellationToken.ThrowIfCancellationRequested();
        return model
            ?? throw Refusal.FailedPrecondition("model_load_failed", $"{Path.GetFileName(reference.Path)} cannot be loaded: {reason}", "Check the file, or download it again.", "model.path");
    }

    private static string ReadArchitecture(string path)
    {
        var parameters = LlamaApi.llama_model_default_params();
        parameters.VocabularyOnly = 1;
        using var model = LlamaModel.Load(path, parameters, _ => true, out _);
        return model?.Architecture ?? "";
    }

    private static void ApplyAdapters(LlamaModel model, LlamaContext context, Placement placement, string field)
    {
        var handles = new nint[placement.Adapters.Count];
        for (var index = 0; index < handles.Length; index++)
        {
            NativeLog.Forget();
            handles[index] = LlamaApi.llama_adapter_lora_init(model.Handle.Pointer, placement.Adapters[index].Path);
            if (handles[index] == 0)
                throw Refusal.FailedPrecondition("adapter_invalid", $"The adapter {Path.GetFileName(placement.Adapters[index].Path)} cannot be used: {NativeLog.LastErrors()}", "Use an adapter made for this model.", $"{field}.adapters[{index}]");
        }
        if (handles.Length > 0 && !context.UseAdapters(handles, [.. placement.Adapters.Select(adapter => adapter.Scale)]))
            throw Refusal.FailedPrecondition("adapter_invalid", $"The adapters cannot be used together: {NativeLog.LastErrors()}", "Use fewer adapters.", $"{field}.adapters");
    }

    /// <summary>
    /// A context longer than the model was trained for gives babble: the model's own maximum is the limit, unless its positions are scaled.
    /// </summary>
    private static Placement Fit(Placement placement, LlamaModel model)
    {
        var trained = model.TrainedContextLength > 0 ? model.TrainedContextLength : Placement.DefaultContextLength;
        if (placement.ContextLength == 0)
            return placement with { ContextLength = Math.Min(Placement.DefaultContextLength, trained) };
        return placement.Rope is not null ? placement : placement with { ContextLength = Math.Min(placement.ContextLength, trained) };
    }

    private static bool Report(float fraction, Action<float> onProgress, CancellationToken cancellationToken)
    {
        onProgress(fraction);
        return !cancellationToken.IsCancellationRequested;
    }
}

/// <summary>What a model is loaded for.</summary>
/// <param name="Field">Path of its settings in the request.</param>
/// <param name="Threads">Threads of its passes; null: its own.</param>
/// <param name="ShouldAbort">Asked during passes.</param>
/// <param name="IsDraft">It drafts for another model: it must generate, and needs the logits of one row per sequence.</param>
/// <param name="EstimatesOnly">Nothing is allocated: sizes are all that is wanted.</param>
internal sealed record LoadPurpose(string Field, ComputeThreads? Threads, Func<bool> ShouldAbort, bool IsDraft = false, bool EstimatesOnly = false);
