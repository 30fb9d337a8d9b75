using System.Collections.Concurrent;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// The one thread that owns the contexts, slots and draft of this worker. A turn: take messages, admit waiting requests into free slots,
/// draft for the slots that speculate, run one main pass for all of them, conclude. Everybody else posts messages or reads figures.
/// </summary>
internal sealed class InferenceLoop : IAsyncDisposable
{
    private static readonly TimeSpan IdleBeat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReaderPatience = TimeSpan.FromSeconds(60);

    private readonly BlockingCollection<LoopMessage> _inbox = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LlamaModel _model;
    private readonly LlamaContext _main;
    private readonly Placement _placement;
    private readonly TimeProvider _time;
    private readonly SlotTable _slots;
    private readonly AbortSwitch _abort;
    private readonly List<Slot> _running = [];
    private readonly Queue<Generation> _waiting = [];
    private readonly List<TaskCompletionSource<uint>> _drains = [];
    private readonly SpeculationTally _finishedTally = new();
    private readonly MainPass _mainPass;
    private readonly DraftRound _draftRound;
    private readonly EmbedRound _embedRound;
    private readonly PassTimes _timesAtLoad;
    private volatile DraftUnit? _draft;
    private volatile bool _stopping;
    private volatile bool _hasPaused;
    private ulong _revision;
    private uint _finishedWhileDraining;

    internal InferenceLoop(LlamaModel model, LlamaContext main, Placement placement, AbortSwitch abort, TimeProvider time, PassTimes times)
    {
        Costs = new PassCosts { Times = times };
        _timesAtLoad = times.Freeze();
        _model = model;
        _main = main;
        _placement = placement;
        _time = time;
        _abort = abort;
        _slots = new SlotTable(placement.Parallel, main, new PrefixPool(placement.PromptCacheBytes), model.CacheCanTrim);
        _mainPass = new MainPass(main, placement, _slots, time, Costs, Counters);
        _embedRound = new EmbedRound(main, placement, Counters);
        _draftRound = new DraftRound(placement.ContextLength, time, DraftCosts);
        new Thread(Run) { IsBackground = true, Name = "inference" }.Start();
    }

    internal PassCosts Costs { get; }
    internal PassCosts DraftCosts { get; } = new();
    internal LoopCounters Counters { get; } = new();

    /// <summary>The draft in use; null when there is none.</summary>
    internal DraftUnit? DraftUnit => _draft;

    internal DraftInfo? Draft => _draft?.Describe();

    /// <summary>Some reader is behind: who reads should wake the loop.</summary>
    internal bool HasPaused => _hasPaused;

    internal void Start(Generation generation)
    {
        if (!TryPost(new LoopMessage.Start(generation)))
            generation.Complete(Refusal.Unavailable(WorkerContract.Draining, "This worker is ending and takes no new requests.", "Send the request again.", 1));
    }

    internal void Start(EmbedJob job)
    {
        if (!TryPost(new LoopMessage.Embed(job)))
            job.Done.TrySetException(Refusal.Unavailable(WorkerContract.Draining, "This worker is ending and takes no new requests.", "Send the request again.", 1));
    }

    internal Task<ulong> AttachAsync(DraftUnit draft)
    {
        var done = new TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously);
        return TryPost(new LoopMessage.Attach(draft, done)) ? done.Task : throw Refusal.Unavailable(WorkerContract.Draining, "This worker is ending.");
    }

    internal Task<(bool Detached, ulong Revision)> DetachAsync()
    {
        var done = new TaskCompletionSource<(bool, ulong)>(TaskCreationOptions.RunContinuationsAsynchronously);
        return TryPost(new LoopMessage.Detach(done)) ? done.Task : throw Refusal.Unavailable(WorkerContract.Draining, "This worker is ending.");
    }

    internal Task<uint> DrainAsync()
    {
        var done = new TaskCompletionSource<uint>(TaskCreationOptions.RunContinuationsAsynchronously);
        return TryPost(new LoopMessage.Drain(done)) ? done.Task : Task.FromResult(0u);
    }

    internal void Wake() => TryPost(LoopMessage.Wake.Instance);

    internal void Stop()
    {
        _stopping = true;
        TryPost(new LoopMessage.Stop());
    }

    /// <summary>What the loop is doing, read from outside; figures of one answer may be a step apart.</summary>
    internal StatsResponse Snapshot()
    {
        var tally = new SpeculationTally();
        tally.Add(_finishedTally);
        var stats = new StatsResponse
        {
            Waiting = (uint)Counters.Waiting,
            KvSize = (uint)_placement.ContextLength,
            Cost = Costs.Curve(),
            Slowest = Costs.Slowest(),
            Steps = Counters.Steps,
            Heartbeats = Counters.Heartbeats,
            RequestsFinished = Counters.Finished,
            TokensEmitted = Counters.Emitted,
            PromptTokensProcessed = Counters.PromptProcessed,
            PromptTokensCached = Counters.PromptCached,
            Draft = Draft,
        };
        if (_draft is { } unit)
            (stats.DraftCost, stats.Acceptance) = (unit.Times.ToCurve(), unit.History.ToPrior());
        foreach (var slot in _slots.All)
        {
            var answer = slot.Answer;
            stats.KvUsed += (uint)slot.MainLength;
            stats.Slots.Add(Describe(slot, answer));
            if (answer is null)
                continue;
            tally.Add(answer.Tally);
            if (answer.DescribeLength() is { } decision)
                stats.Decisions.Add(decision);
        }
        stats.Speculation = tally.ToCounters(_draft is null ? Proposer.Ngram : Proposer.Combined, _draft?.Key ?? "");
        return stats;
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _ended.Task;
        _inbox.Dispose();
    }

    private Protocol.Slot Describe(Slot slot, Answer? answer) => new()
    {
        Id = (uint)slot.Id,
        Phase = answer is null ? Protocol.Slot.Types.Phase.Idle
            : answer.IsPaused ? Protocol.Slot.Types.Phase.Paused
            : !slot.Decodes ? Protocol.Slot.Types.Phase.Prompt
            : Protocol.Slot.Types.Phase.Decode,
        RequestId = answer?.Generation.Request.RequestId ?? "",
        Tokens = (uint)slot.MainLength,
        Emitted = (uint)(answer?.Emitted ?? 0),
        Seconds = answer is null ? 0 : _time.GetElapsedTime(answer.AdmittedAt).TotalSeconds,
    };

    private bool TryPost(LoopMessage message)
    {
        try
        {
            _inbox.Add(message);
            return true;
        }
        catch (InvalidOperationException)
        {
            // Completed: the loop has ended.
            return false;
        }
    }

    private void Run()
    {
        try
        {
            while (!_stopping)
                Turn();
            EndAll(FinishReason.ModelUnloaded);
        }
        catch (Exception bug)
        {
            Console.Error.WriteLine($"The inference loop failed: {bug}");
            FailAll(Refusal.Internal("internal", $"The inference loop failed: {bug.Message}", "Load the model again."));
            // A worker without its loop would answer health checks and nothing else.
            Environment.Exit(70);
        }
        finally
        {
            _inbox.CompleteAdding();
            _draft?.Dispose();
            _main.Dispose();
            _ended.TrySetResult();
        }
    }

    private void Turn()
    {
        Counters.AddHeartbeat();
        TakeMessages(wait: !_embedRound.HasWork && !_slots.All.Any(IsRunnable));
        if (_embedRound.HasWork)
            Embed();
        DropUnwanted();
        Admit();
        _running.Clear();
        foreach (var slot in _slots.All)
        {
            if (IsRunnable(slot))
                _running.Add(slot);
        }
        foreach (var slot in _mainPass.DecideKnown(_running, _draft?.Context))
        {
            Release(slot);
            _running.Remove(slot);
        }
        if (_running.Count == 0 || _stopping)
            return;
        _abort.Arm(_running);
        if (_draftRound.Run(_running, _draft, _slots) is { } failure)
            RemoveDraft(failure);
        var ended = _mainPass.Run(_running, _draft?.Context);
        _abort.Disarm();
        foreach (var slot in ended)
            Release(slot);
    }

    private void Embed()
    {
        _embedRound.Run();
        Counters.SetWaiting(_embedRound.Waiting);
        CompleteDrains();
    }

    private static bool IsRunnable(Slot slot) => slot.Answer is { IsPaused: false, IsParked: false };

    private void TakeMessages(bool wait)
    {
        if (wait && _waiting.Count == 0)
        {
            if (_inbox.TryTake(out var first, IdleBeat))
                Handle(first);
        }
        while (_inbox.TryTake(out var message))
            Handle(message);
    }

    private void Handle(LoopMessage message)
    {
        switch (message)
        {
            case LoopMessage.Start start:
                _waiting.Enqueue(start.Generation);
                Counters.SetWaiting(_waiting.Count);
                break;
            case LoopMessage.Embed embed:
                _embedRound.Add(embed.Job);
                Counters.SetWaiting(_embedRound.Waiting);
                break;
            case LoopMessage.Attach attach:
                ReplaceDraft(attach.Draft, note: "");
                attach.Done.SetResult(_revision);
                break;
            case LoopMessage.Detach detach:
                var had = _draft is not null;
                if (had)
                    ReplaceDraft(null, "The draft model was removed while the answer was written.");
                detach.Done.SetResult((had, _revision));
                break;
            case LoopMessage.Drain drain:
                _drains.Add(drain.Done);
                CompleteDrains();
                break;
        }
    }

    private void ReplaceDraft(DraftUnit? draft, string note)
    {
        _draft?.Dispose();
        if (draft is not null)
        {
            CostProbe.Run(draft.Context, draft.Times, everyRow: false, _time, CostProbe.DraftBudget);
            draft.AtLoad = (draft.Times.Freeze(), draft.History.ToPrior());
        }
        foreach (var slot in _slots.All)
        {
            slot.KeepDraft(0, null);
            slot.WaitsForDraft = false;
            slot.DraftIsNew = slot.Answer is { IsPromptDone: true };
            slot.Answer?.ChangeDraft(draft, note);
        }
        _revision++;
        if (draft is not null)
            draft.Revision = _revision;
        _draft = draft;
    }

    private void RemoveDraft(string failure)
    {
        Console.Error.WriteLine($"The draft model was removed: {failure}");
        ReplaceDraft(null, $"The draft model failed and was removed: {failure}");
    }

    private void DropUnwanted()
    {
        var paused = false;
        foreach (var slot in _slots.All)
        {
            if (slot.Answer is not { } answer)
                continue;
            answer.Resume();
            paused |= answer.IsPaused;
            var impatient = answer.IsPaused && _time.GetElapsedTime(answer.PausedSince) > ReaderPatience;
            if (answer.Generation.Cancelled.IsCancellationRequested || impatient)
            {
                answer.Finish(FinishReason.Cancelled);
                Release(slot);
            }
        }
        _hasPaused = paused;
    }

    /// <summary>Puts waiting requests into free slots, first come, first served.</summary>
    private void Admit()
    {
        while (_waiting.TryPeek(out var next))
        {
            if (next.Cancelled.IsCancellationRequested)
            {
                _waiting.Dequeue().Complete(new OperationCanceledException());
                continue;
            }
            if (_slots.Take(next.PromptTokens, next.ReusesCache, _draft?.Context) is not { } slot)
                break;
            var generation = _waiting.Dequeue();
            slot.Answer = new Answer(generation, new AnswerSetup(_model, _placement, _time, _draft, slot.MainLength, Costs.Times, _timesAtLoad));
            Counters.AddPrompt(0, slot.MainLength);
        }
        Counters.SetWaiting(_waiting.Count + _embedRound.Waiting);
    }

    /// <summary>Frees the slot of an answer that has ended. Its cache stays, for a prompt that begins alike.</summary>
    private void Release(Slot slot)
    {
        if (slot.Answer is not { } answer)
            return;
        _finishedTally.Add(answer.Tally);
        Counters.AddFinished();
        Counters.AddEmitted(answer.Emitted);
        if (!answer.Generation.ReusesCache)
        {
            slot.KeepMain(0, _main);
            slot.KeepDraft(0, _draft?.Context);
        }
        _slots.Free(slot);
        _finishedWhileDraining += _drains.Count > 0 ? 1u : 0;
        CompleteDrains();
    }

    private void CompleteDrains()
    {
        if (_drains.Count == 0 || _waiting.Count > 0 || _embedRound.HasWork || _slots.All.Any(slot => slot.Answer is not null))
            return;
        foreach (var drain in _drains)
            drain.TrySetResult(_finishedWhileDraining);
        _drains.Clear();
    }

    private void EndAll(FinishReason reason)
    {
        foreach (var slot in _slots.All)
        {
            slot.Answer?.Finish(reason);
            Release(slot);
        }
        FailAll(Refusal.Unavailable("stopping", "The worker is ending.", "Send the request again.", 1));
    }

    private void FailAll(Exception error)
    {
        foreach (var slot in _slots.All)
            slot.Answer?.Fail(error);
        _embedRound.Fail(error);
        while (_waiting.TryDequeue(out var generation))
            generation.Complete(error);
        while (_inbox.TryTake(out var message))
        {
            if (message is LoopMessage.Start start)
                start.Generation.Complete(error);
            else if (message is LoopMessage.Embed embed)
                embed.Job.Done.TrySetException(error);
            else if (message is LoopMessage.Attach attach)
                attach.Done.TrySetException(error);
            else if (message is LoopMessage.Detach detach)
                detach.Done.TrySetException(error);
            else if (message is LoopMessage.Drain drain)
                drain.Done.TrySetResult(_finishedWhileDraining);
        }
        foreach (var drain in _drains)
            drain.TrySetResult(_finishedWhileDraining);
    }
}
