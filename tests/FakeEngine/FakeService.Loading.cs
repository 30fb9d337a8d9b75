using System.Text.Json;
using FakeEngine.Scripts;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace FakeEngine;

internal sealed partial class FakeService
{
    public override async Task LoadModel(LoadModelRequest request, IServerStreamWriter<LoadModelResponse> responseStream, ServerCallContext context)
    {
        RequireOwnEngine(request.EngineId, "engine_id", "engine_mismatch");
        if (_model is not null || Interlocked.Exchange(ref _loading, 1) == 1)
            throw Refusal.FailedPrecondition("already_loaded", "this worker has its model", "Start another worker.");
        try
        {
            var began = time.GetTimestamp();
            var script = ReadScript(request.Model, "model.path");
            for (var step = 0; step < Math.Max(1, script.Load.Steps); step++)
            {
                await PaceAsync(script, context.CancellationToken);
                await responseStream.WriteAsync(
                    new LoadModelResponse { Progress = Progress(step, script.Load.Steps, LoadProgress.Types.Phase.Reading) },
                    context.CancellationToken);
                if (step == 0)
                    await FaultPoint.PassAsync(script.Faults.Load, context.CancellationToken);
            }

            var model = new FakeModel(script, request.Settings);
            var notices = AttachAtLoad(model, request);
            var facts = model.Describe(time.GetElapsedTime(began).TotalSeconds, notices);
            context.CancellationToken.ThrowIfCancellationRequested();
            _model = model;
            await responseStream.WriteAsync(new LoadModelResponse { Loaded = facts }, context.CancellationToken);
        }
        finally
        {
            Volatile.Write(ref _loading, 0);
        }
    }

    public override async Task AttachDraft(
        AttachDraftRequest request, IServerStreamWriter<AttachDraftResponse> responseStream, ServerCallContext context)
    {
        var model = Loaded();
        var script = ReadFittingDraft(model, request.Draft);
        var before = model.Memory().ToList();
        for (var step = 0; step < Math.Max(1, script.Load.Steps); step++)
        {
            await PaceAsync(script, context.CancellationToken);
            await responseStream.WriteAsync(
                new AttachDraftResponse { Progress = Progress(step, script.Load.Steps, LoadProgress.Types.Phase.Draft) },
                context.CancellationToken);
            if (step == 0)
                await FaultPoint.PassAsync(script.Faults.Load, context.CancellationToken);
        }

        var info = model.Attach(request.Draft, script);
        var attached = new AttachedDraft { Draft = info, MemoryBefore = { before }, MemoryAfter = { model.Memory() } };
        await responseStream.WriteAsync(new AttachDraftResponse { Attached = attached }, context.CancellationToken);
    }

    public override Task<DetachDraftResponse> DetachDraft(DetachDraftRequest request, ServerCallContext context)
    {
        var model = Loaded();
        var answer = new DetachDraftResponse { MemoryBefore = { model.Memory() } };
        answer.Detached = model.Detach();
        answer.MemoryAfter.Add(model.Memory());
        answer.Revision = model.Revision;
        return Task.FromResult(answer);
    }

    public override Task<CheckDraftResponse> CheckDraft(CheckDraftRequest request, ServerCallContext context)
    {
        if (request.DraftEngineId != FakeDefaults.EngineId)
        {
            return Task.FromResult(Refused(
                "engine", FakeDefaults.EngineId, request.DraftEngineId, $"the draft belongs to the engine {request.DraftEngineId}"));
        }

        var main = request.Main is null ? Loaded().Script : ReadScript(request.Main, "main.path");
        var draft = ReadScript(request.Draft, "draft.path");
        var (left, right) = (main.Tokenizer.Fingerprint, draft.Tokenizer.Fingerprint);
        return Task.FromResult(left == right
            ? new CheckDraftResponse { Verdict = Verdict.Exact }
            : Refused("text", left, right, $"the fingerprints {left} and {right} differ"));
    }

    public override Task<EstimateResponse> Estimate(EstimateRequest request, ServerCallContext context)
    {
        var script = ReadScript(request.Model, "model.path");
        var length = request.Settings is { ContextLength: > 0 } settings ? settings.ContextLength : Math.Min(script.ContextLength, 4096);
        var memory = FakeModel.EstimateOf(script, length);
        if (request.Draft?.Model is { } draft)
        {
            var own = FakeModel.EstimateOf(ReadScript(draft, "draft.model.path"), length);
            memory.Draft = own.Weights + own.KvCache + own.Compute;
            memory.Weights += own.Weights;
            memory.KvCache += own.KvCache;
            memory.Compute += own.Compute;
        }

        return Task.FromResult(new EstimateResponse { Memory = { memory }, Exact = true });
    }

    private static List<string> AttachAtLoad(FakeModel model, LoadModelRequest request)
    {
        if (request.Draft is null)
            return [];
        try
        {
            model.Attach(request.Draft, ReadFittingDraft(model, request.Draft));
            return [];
        }
        catch (RpcException refusal) when (!request.DraftRequired)
        {
            return [$"loaded without a draft: {refusal.Status.Detail}"];
        }
    }

    private static FakeScript ReadFittingDraft(FakeModel model, DraftModel? draft)
    {
        RequireOwnEngine(draft?.EngineId ?? "", "draft.engine_id", "draft_engine_mismatch");
        var script = ReadScript(draft?.Model, "draft.model.path");
        if (script.Tokenizer.Fingerprint == model.Tokenizer.Info.Fingerprint)
            return script;
        throw Refusal.FailedPrecondition(
            "draft_vocab_mismatch",
            $"the draft's tokenizer {script.Tokenizer.Fingerprint} is not the main model's {model.Tokenizer.Info.Fingerprint}",
            "Choose a draft with the same tokenizer.",
            "draft.model");
    }

    private static void RequireOwnEngine(string id, string field, string code)
    {
        if (id != FakeDefaults.EngineId)
            throw Refusal.FailedPrecondition(code, $"this worker is of the engine {FakeDefaults.EngineId}, the file of '{id}'", field: field);
    }

    private static FakeScript ReadScript(ModelReference? reference, string field)
    {
        if (reference is not { SourceCase: ModelReference.SourceOneofCase.Path })
            throw Refusal.InvalidArgument("invalid_value", field, "a path is needed");
        try
        {
            return ScriptFile.Read(reference.Path);
        }
        catch (JsonException e)
        {
            throw Refusal.InvalidArgument("model_file_invalid", field, $"{reference.Path}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refusal.NotFound("model_file_missing", field, $"{reference.Path}: {e.Message}");
        }
    }

    private static CheckDraftResponse Refused(string check, string main, string draft, string message) => new()
    {
        Verdict = Verdict.Refused,
        Failed = { new FailedCheck { Check = check, MainValue = main, DraftValue = draft, Message = message } },
    };

    private static LoadProgress Progress(int step, uint steps, LoadProgress.Types.Phase phase)
        => new() { Fraction = (step + 1.0) / (Math.Max(1, steps) + 1), Phase = phase };

    private Task PaceAsync(FakeScript script, CancellationToken cancellationToken) => script.Load.StepMs > 0
        ? Task.Delay(TimeSpan.FromMilliseconds(script.Load.StepMs), time, cancellationToken)
        : Task.CompletedTask;
}
