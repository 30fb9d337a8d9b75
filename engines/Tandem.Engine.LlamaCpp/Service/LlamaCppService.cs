using Google.Protobuf;
using Grpc.Core;
using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>The worker contract over llama.cpp: checks requests, hands them to the loop, writes what comes back.</summary>
internal sealed class LlamaCppService(WorkerIdentity identity) : Protocol.Engine.EngineBase, IAsyncDisposable
{
    private readonly TimeProvider _time = TimeProvider.System;
    private LoadedEngine? _engine;
    private int _loadStarted;
    private volatile bool _draining;

    public override Task<HandshakeResponse> Handshake(HandshakeRequest request, ServerCallContext context)
    {
        EnsureNative();
        var answer = HandshakeAnswer.Create(identity, request, EngineFacts.Describe());
        answer.Capabilities.Add(EngineFacts.Capabilities);
        answer.Settings.Add(EngineFacts.Settings);
        answer.Devices.Add(EngineFacts.Devices());
        return Task.FromResult(answer);
    }

    public override async Task LoadModel(LoadModelRequest request, IServerStreamWriter<LoadModelResponse> stream, ServerCallContext context)
    {
        EnsureNative();
        RefuseOtherEngine(request.EngineId, "engine_id");
        if (request.DraftRequired)
            RefuseOtherEngine(request.Draft?.EngineId ?? "", "draft.engine_id");
        if (Interlocked.Exchange(ref _loadStarted, 1) != 0)
            throw Refusal.FailedPrecondition("already_loaded", "This worker has its model.", "Start another worker.");
        var started = _time.GetTimestamp();
        var hasDraft = request.Draft is not null;
        var reporter = new LoadReporter<LoadModelResponse>(progress => new LoadModelResponse { Progress = progress });
        var loading = Task.Factory.StartNew(
            () => Load(request, reporter, hasDraft ? 0.8 : 1, context.CancellationToken), context.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await reporter.ForwardAsync(loading, stream);
        var (engine, draft, notices) = await loading;
        if (draft is not null)
            await engine.Loop.AttachAsync(draft);
        _engine = engine;
        var loaded = engine.Describe(_time.GetElapsedTime(started).TotalSeconds);
        loaded.Draft = engine.Loop.Draft;
        loaded.Notices.Add(notices);
        loaded.Memory.Add(MemoryFigures.Of(engine));
        await stream.WriteAsync(new LoadModelResponse { Loaded = loaded });
    }

    public override async Task AttachDraft(AttachDraftRequest request, IServerStreamWriter<AttachDraftResponse> stream, ServerCallContext context)
    {
        var engine = Loaded();
        RefuseOtherEngine(request.Draft?.EngineId ?? "", "draft.engine_id");
        var draft = request.Draft ?? throw Refusal.InvalidArgument("invalid_value", "draft", "No draft is named.");
        var before = MemoryFigures.Of(engine);
        var reporter = new LoadReporter<AttachDraftResponse>(progress => new AttachDraftResponse { Progress = progress });
        var loading = Task.Factory.StartNew(
            () => engine.LoadDraft(draft, fraction => reporter.Report(fraction, LoadProgress.Types.Phase.Draft), context.CancellationToken),
            context.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await reporter.ForwardAsync(loading, stream);
        var attached = await loading;
        await engine.Loop.AttachAsync(attached);
        await stream.WriteAsync(new AttachDraftResponse
        {
            Attached = new AttachedDraft { Draft = attached.Describe(), MemoryBefore = { before }, MemoryAfter = { MemoryFigures.Of(engine) }, Notices = { attached.Notices } },
        });
    }

    public override async Task<DetachDraftResponse> DetachDraft(DetachDraftRequest request, ServerCallContext context)
    {
        var engine = Loaded();
        var before = MemoryFigures.Of(engine);
        var (detached, revision) = await engine.Loop.DetachAsync();
        return new DetachDraftResponse { Detached = detached, Revision = revision, MemoryBefore = { before }, MemoryAfter = { MemoryFigures.Of(engine) } };
    }

    public override Task<CheckDraftResponse> CheckDraft(CheckDraftRequest request, ServerCallContext context)
    {
        EnsureNative();
        var mainEngine = request.MainEngineId.Length > 0 ? request.MainEngineId : EngineFacts.Id;
        if (!string.Equals(mainEngine, request.DraftEngineId, StringComparison.Ordinal))
            return Task.FromResult(DraftCheck.OtherEngine(mainEngine, request.DraftEngineId));
        using var main = request.Main is null ? null : LoadVocabulary(request.Main, "main.path");
        using var draft = LoadVocabulary(request.Draft, "draft.path");
        return Task.FromResult(DraftCheck.Compare(main ?? Loaded().Model, draft));
    }

    public override async Task<EstimateResponse> Estimate(EstimateRequest request, ServerCallContext context)
    {
        EnsureNative();
        RefuseOtherEngine(request.Draft?.EngineId ?? "", "draft.engine_id");
        if (request.Model is null)
            throw Refusal.InvalidArgument("invalid_value", "model", "No model is named.");
        return await Task.Run(() => MemoryEstimate.Of(request, context.CancellationToken), context.CancellationToken);
    }

    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> stream, ServerCallContext context)
    {
        var engine = Loaded();
        RefuseDraining();
        if (engine.IsEmbedder)
            throw Refusal.NotSupported("model", $"{engine.Key} makes embeddings, not text.", "Use a language model.");
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var generation = Generation.Create(engine, request, _time.GetTimestamp(), stopping.Token);
        RequestCheck.Check(request, engine, generation.PromptTokens.Count);
        using var wake = stopping.Token.Register(engine.Loop.Wake);
        engine.Loop.Start(generation);
        try
        {
            await foreach (var message in generation.Output.ReadAllAsync(context.CancellationToken))
            {
                await stream.WriteAsync(message, context.CancellationToken);
                if (engine.Loop.HasPaused)
                    engine.Loop.Wake();
            }
        }
        finally
        {
            // A reader that has gone must not keep its row.
            await stopping.CancelAsync();
        }
    }

    public override Task<TokenizeResponse> Tokenize(TokenizeRequest request, ServerCallContext context)
    {
        var engine = Loaded();
        var answer = new TokenizeResponse { Ids = { engine.Tokenizer.Tokenize(request.Prompt ?? new Prompt()) } };
        if (request.WithPieces)
            answer.Pieces.Add(answer.Ids.Select(id => ByteString.CopyFrom(engine.Model.Vocabulary.SpecialPiece(id))));
        return Task.FromResult(answer);
    }

    public override Task<DetokenizeResponse> Detokenize(DetokenizeRequest request, ServerCallContext context)
    {
        var vocabulary = Loaded().Model.Vocabulary;
        foreach (var id in request.Ids)
        {
            if (id < 0 || id >= vocabulary.Size)
                throw Refusal.InvalidArgument("invalid_value", "ids", $"Token {id} is outside the vocabulary of {vocabulary.Size}.");
        }
        return Task.FromResult(new DetokenizeResponse { Text = ByteString.CopyFrom(vocabulary.Join([.. request.Ids], request.WithControl)) });
    }

    public override async Task<EmbedResponse> Embed(EmbedRequest request, ServerCallContext context)
    {
        var engine = Loaded();
        if (!engine.IsEmbedder)
            throw Refusal.NotSupported("model", $"{engine.Key} writes text; it is not loaded for embeddings.", "Use an embedding model, or load this one with a pooling.");
        RefuseDraining();
        var job = EmbedCheck.Read(request, engine, context.CancellationToken);
        using var wake = context.CancellationToken.Register(engine.Loop.Wake);
        engine.Loop.Start(job);
        var vectors = await job.Done.Task.WaitAsync(context.CancellationToken);
        var answer = new EmbedResponse();
        for (var index = 0; index < vectors.Length; index++)
            answer.Embeddings.Add(new Embedding { Values = { vectors[index] }, TokenCount = (uint)job.Inputs[index].Count });
        return answer;
    }

    public override Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context)
    {
        var engine = _engine;
        if (engine is null)
            return Task.FromResult(new StatsResponse { State = Volatile.Read(ref _loadStarted) == 0 ? StatsResponse.Types.State.Empty : StatsResponse.Types.State.Loading });
        var stats = engine.Loop.Snapshot();
        stats.State = _draining ? StatsResponse.Types.State.Draining : StatsResponse.Types.State.Ready;
        stats.Memory.Add(MemoryFigures.Of(engine));
        stats.ResidentPrivate = MemoryFigures.ResidentPrivate();
        return Task.FromResult(stats);
    }

    public override async Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context)
    {
        _draining = true;
        return new DrainResponse { Finished = _engine is null ? 0 : await _engine.Loop.DrainAsync().WaitAsync(context.CancellationToken) };
    }

    public override Task<ShutdownResponse> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        _draining = true;
        _engine?.Loop.Stop();
        identity.Lifetime.RequestStop();
        return Task.FromResult(new ShutdownResponse());
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
            await _engine.DisposeAsync();
    }

    private (LoadedEngine Engine, DraftUnit? Draft, List<string> Notices) Load<T>(LoadModelRequest request, LoadReporter<T> reporter, double mainShare, CancellationToken cancellationToken)
    {
        var notices = new List<string>();
        var engine = LoadedEngine.Load(request, _time, fraction => reporter.Report(fraction * mainShare, LoadProgress.Types.Phase.Reading), cancellationToken);
        if (request.Draft is null)
            return (engine, null, notices);
        try
        {
            RefuseOtherEngine(request.Draft.EngineId, "draft.engine_id");
            var draft = engine.LoadDraft(
                request.Draft, fraction => reporter.Report(mainShare + (fraction * (1 - mainShare)), LoadProgress.Types.Phase.Draft), cancellationToken);
            notices.AddRange(draft.Notices);
            return (engine, draft, notices);
        }
        catch (RpcException refused) when (!request.DraftRequired)
        {
            notices.Add(Refusal.DetailOf(refused)?.Message ?? refused.Status.Detail);
            return (engine, null, notices);
        }
    }

    private void EnsureNative()
    {
        if (NativeLlama.Load(identity.RuntimeDirectory) is { } reason)
            throw Refusal.FailedPrecondition("runtime_broken", reason, "Install the runtime again.");
    }

    private void RefuseDraining()
    {
        if (_draining)
            throw Refusal.Unavailable(WorkerContract.Draining, "This worker is ending and takes no new requests.", "Send the request again.", 1);
    }

    private LoadedEngine Loaded() => _engine ?? throw Refusal.FailedPrecondition("no_model", "This worker has no model yet.", "Call LoadModel first.");

    private static LlamaModel LoadVocabulary(ModelReference? reference, string field)
    {
        var parameters = LlamaApi.llama_model_default_params();
        parameters.VocabularyOnly = 1;
        return LlamaModel.Load(reference?.Path ?? "", parameters, _ => true, out var reason)
            ?? throw Refusal.FailedPrecondition("model_load_failed", reason, "Check the file, or download it again.", field);
    }

    private static void RefuseOtherEngine(string engineId, string field)
    {
        if (engineId.Length == 0 || string.Equals(engineId, EngineFacts.Id, StringComparison.Ordinal))
            return;
        var isDraft = field.StartsWith("draft", StringComparison.Ordinal);
        throw Refusal.FailedPrecondition(
            isDraft ? "draft_engine_mismatch" : "engine_mismatch",
            $"The {(isDraft ? "draft" : "model")} belongs to the engine {engineId}; this worker is {EngineFacts.Id}.",
            isDraft ? $"Choose a draft that {EngineFacts.Id} runs." : "",
            field);
    }
}
