using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>The one model of this worker, its tokenizer and the loop that runs it. Made by <see cref="Load"/>, which leaves it able to serve.</summary>
internal sealed class LoadedEngine : IAsyncDisposable
{
    private readonly ComputeThreads? _threads;
    private readonly AbortSwitch _abort;

    private LoadedEngine(LlamaModel model, LlamaContext context, Placement placement, ComputeThreads? threads, AbortSwitch abort, string key, TimeProvider time, PassTimes times)
    {
        _threads = threads;
        _abort = abort;
        Model = model;
        Placement = placement;
        Key = key;
        Tokenizer = new PromptTokenizer(model.Vocabulary);
        Loop = new InferenceLoop(model, context, placement, abort, time, times);
    }

    internal LlamaModel Model { get; }
    internal Placement Placement { get; }
    internal string Key { get; }
    internal PromptTokenizer Tokenizer { get; }
    internal InferenceLoop Loop { get; }

    /// <exception cref="Grpc.Core.RpcException">The file or the settings cannot be used.</exception>
    internal static LoadedEngine Load(LoadModelRequest request, TimeProvider time, Action<float> onProgress, CancellationToken cancellationToken)
    {
        var placement = Placement.From(request.Settings, "load");
        var threads = ComputeThreads.Create(Math.Max(placement.Threads, placement.PromptThreads));
        var abort = new AbortSwitch();
        try
        {
            var (model, context, fitted) = ModelLoader.Load(request.Model, placement, new LoadPurpose("load", threads, abort.IsOn), onProgress, cancellationToken);
            var times = new PassTimes(request.Cost);
            if (!ModelLoader.MakesEmbeddings(model, fitted))
            {
                WarmUp(model, context);
                CostProbe.Run(context, times, everyRow: true, time, CostProbe.MainBudget);
            }
            return new LoadedEngine(model, context, fitted, threads, abort, request.Model.Key, time, times);
        }
        catch
        {
            threads?.Dispose();
            throw;
        }
    }

    /// <summary>Makes embeddings instead of text.</summary>
    internal bool IsEmbedder => ModelLoader.MakesEmbeddings(Model, Placement);

    /// <summary>Loads a draft for this main model: same context and slots, so that it can follow every sequence.</summary>
    /// <exception cref="Grpc.Core.RpcException">Another engine, another vocabulary, or a file that cannot be used.</exception>
    internal DraftUnit LoadDraft(DraftModel draft, Action<float> onProgress, CancellationToken cancellationToken)
    {
        if (IsEmbedder)
            throw Refusal.NotSupported("draft", $"{Key} makes embeddings: there is nothing to draft.");
        var placement = Placement.From(DraftSettings(draft.Settings), "load.draft");
        var notices = new List<string>();
        LoadPurpose purpose = new("load.draft", _threads, _abort.IsOn, IsDraft: true);
        var mayMove = !(draft.Settings?.HasGpuLayers ?? false) && Service.EngineFacts.HasAccelerator;
        (var model, var context, placement) = ModelLoader.LoadWhereItFits(
            placement, mayMove, place => ModelLoader.Load(draft.Model, place, purpose, onProgress, cancellationToken), notices);
        var verdict = Service.DraftCheck.Compare(Model, model);
        if (verdict.Verdict != Verdict.Refused)
            return new DraftUnit(draft.Model.Key, model, context, placement, notices)
            {
                Times = new PassTimes(draft.Cost),
                History = new AcceptanceHistory(draft.AcceptancePrior),
            };
        context.Dispose();
        model.Dispose();
        throw Refusal.FailedPrecondition(
            "draft_vocab_mismatch",
            $"{draft.Model.Key} cannot draft for {Key}: {string.Join(" ", verdict.Failed.Select(failed => failed.Message))}",
            "Choose a draft of the same family.",
            "draft_model");
    }

    /// <summary>The draft's settings with those that follow from its main model.</summary>
    private LoadSettings DraftSettings(LoadSettings? asked)
    {
        var settings = asked?.Clone() ?? new LoadSettings();
        settings.ContextLength = (uint)Placement.ContextLength;
        settings.Parallel = (uint)Placement.Parallel;
        settings.BatchSize = Math.Max(settings.BatchSize, (uint)Placement.BatchSize);
        // Both use the main's threads, one after the other: more than those there are not.
        var threads = (uint)Math.Max(Placement.Threads, Placement.PromptThreads);
        settings.Threads = settings.HasThreads ? Math.Min(settings.Threads, threads) : (uint)Placement.Threads;
        settings.PromptThreads = settings.HasPromptThreads ? Math.Min(settings.PromptThreads, threads) : settings.Threads;
        settings.ClearPooling();
        // A context that was stretched for the main is as long for the draft.
        settings.Rope ??= Placement.Rope;
        return settings;
    }

    internal LoadedModel Describe(double loadSeconds) => new()
    {
        Architecture = Model.Architecture,
        Description = Model.Description,
        ParameterCount = Model.ParameterCount,
        FileSize = Model.WeightBytes,
        LayerCount = (uint)Model.LayerCount,
        EmbeddingLength = (uint)Model.OutputLength,
        ContextLength = (uint)Placement.ContextLength,
        TrainedContextLength = (uint)Model.TrainedContextLength,
        Parallel = (uint)Placement.Parallel,
        Tokenizer = Model.DescribeTokenizer(),
        ChatTemplate = Model.ChatTemplate,
        Settings = Placement.ToSettings(),
        CanGenerate = !IsEmbedder,
        CanEmbed = IsEmbedder,
        CacheCanTrim = Model.CacheCanTrim,
        LoadSeconds = loadSeconds,
    };

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync();
        Model.Dispose();
        _threads?.Dispose();
    }

    /// <summary>One token really produced: a model that loads and cannot compute must not be called ready.</summary>
    private static void WarmUp(LlamaModel model, LlamaContext context)
    {
        var token = model.Vocabulary.Bos >= 0 ? model.Vocabulary.Bos : 0;
        var row = context.Add(token, 0, 0, wantsLogits: true);
        var status = context.Decode();
        if (status != DecodeStatus.Ok || !float.IsFinite(context.Logits(row)[token]))
            throw Refusal.Internal("model_load_failed", $"The model was read but cannot compute (decode: {status}). {NativeLog.LastErrors()}", "Try another quantisation or another runtime.");
        context.Clear();
    }
}
