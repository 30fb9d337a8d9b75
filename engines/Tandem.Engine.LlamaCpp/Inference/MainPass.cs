using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// One pass of the main model for all running slots: the pending token and the draft of those that decode, chunks of the prompts of the
/// others. Then every slot concludes from its own rows.
/// </summary>
internal sealed class MainPass(LlamaContext context, Placement placement, SlotTable slots, TimeProvider time, PassCosts costs, LoopCounters counters)
{
    private readonly PromptShares _shares = new(placement, costs);
    private readonly List<Rider> _riders = [];
    private readonly List<Slot> _ended = [];
    private LlamaContext? _draft;

    /// <summary>
    /// Decides the first tokens that need no pass, so that the turn goes on with decode steps like those of everybody else. Returns the slots
    /// whose answers have ended.
    /// </summary>
    internal List<Slot> DecideKnown(List<Slot> running, LlamaContext? draft)
    {
        _ended.Clear();
        _draft = draft;
        foreach (var slot in running)
        {
            if (!slot.HasFirstToken)
                continue;
            slot.Answer!.MarkPromptDone();
            TryDecide(slot, new LogitRows(slot.End.Logits), slot.MainLength, isPrompt: true);
        }
        return _ended;
    }

    /// <summary>Runs the pass; returns the slots whose answers have ended.</summary>
    internal List<Slot> Run(List<Slot> running, LlamaContext? draft)
    {
        _riders.Clear();
        _ended.Clear();
        _draft = draft;
        foreach (var slot in running)
        {
            if (slot is { Decodes: true, WaitsForDraft: false, Answer.IsParked: false })
                AddDecodeRows(slot);
        }
        var decodeRows = context.RowCount;
        _shares.Divide(running, decodeRows, context.Capacity);
        foreach (var slot in running)
        {
            if (slot is { Chunk: > 0, Answer.IsParked: false })
                AddPromptRows(slot);
        }
        if (_riders.Count == 0)
            return _ended;
        var promptRows = context.RowCount - decodeRows;
        var started = time.GetTimestamp();
        var status = context.Decode();
        if (status == DecodeStatus.Ok)
            Record(decodeRows, promptRows, time.GetElapsedTime(started).TotalSeconds);
        counters.AddStep();
        Conclude(status);
        // With the decisions, which also wait for devices that compute while the library has returned.
        if (status == DecodeStatus.Ok && promptRows == 0)
            costs.Times.Record(decodeRows, time.GetElapsedTime(started).TotalSeconds);
        return _ended;
    }

    private void Record(int decodeRows, int promptRows, double seconds)
    {
        if (promptRows > 0)
            costs.RecordPrompt(decodeRows, promptRows, seconds);
        else
            costs.Record(decodeRows, seconds);
    }

    private void AddDecodeRows(Slot slot)
    {
        var last = slot.Tokens.Count - 1;
        var draft = slot.Answer!.Draft;
        var first = context.Add(slot.Tokens[last], last, slot.Id, wantsLogits: true);
        for (var index = 0; index < draft.SentCount; index++)
            context.Add(draft.TokenAt(index), last + 1 + index, slot.Id, wantsLogits: true);
        _riders.Add(new Rider(slot, first, slot.Tokens.Count, PromptRows: 0));
    }

    /// <summary>The next chunk of a prompt, or of a text that is worked out again after it gave its place up: that goes on with a decode step.</summary>
    private void AddPromptRows(Slot slot)
    {
        var end = slot.MainLength + slot.Chunk;
        var isLast = end == slot.Tokens.Count;
        var row = 0;
        for (var position = slot.MainLength; position < end; position++)
            row = context.Add(slot.Tokens[position], position, slot.Id, wantsLogits: isLast && position == end - 1);
        _riders.Add(new Rider(slot, row, end, slot.Chunk));
    }

    private void Conclude(DecodeStatus status)
    {
        switch (status)
        {
            case DecodeStatus.Ok:
                foreach (var rider in _riders)
                    ConcludeRider(rider);
                break;
            case DecodeStatus.Aborted:
                // Physical batches that were finished stay in the cache; the next turn drops the cancelled riders.
                foreach (var rider in _riders)
                    rider.Slot.KeepMain(rider.Slot.MainLength, context);
                break;
            case DecodeStatus.NoRoom:
                // Nothing was computed: who still rides does so again in the next turn.
                if (!slots.MakeRoom(_draft))
                    EndWithFullContext();
                break;
            default:
                FailRiders(status);
                break;
        }
    }

    private void ConcludeRider(Rider rider)
    {
        var (slot, answer) = (rider.Slot, rider.Slot.Answer!);
        slot.AdvanceMain(rider.End);
        if (rider.IsPrompt)
        {
            counters.AddPrompt(rider.PromptRows, 0);
            if (answer.IsPromptDone)
                return;
            answer.ReportProgress(slot.MainLength);
            if (slot.Pending > 0)
                return;
            answer.MarkPromptDone();
            slot.End.Keep(rider.End, context.Logits(rider.FirstRow));
        }
        TryDecide(slot, new LogitRows(context, rider.FirstRow), rider.End, rider.IsPrompt);
    }

    /// <param name="slot">Whose answer.</param>
    /// <param name="rows">What follows its last token, and its draft's.</param>
    /// <param name="length">Its tokens that are in the cache, the draft's not counted.</param>
    /// <param name="isPrompt">It is the answer's first token.</param>
    private void TryDecide(Slot slot, LogitRows rows, int length, bool isPrompt)
    {
        try
        {
            Decide(slot, rows, length, isPrompt);
        }
        catch (Grpc.Core.RpcException refused)
        {
            slot.Answer!.Fail(refused);
            slot.KeepMain(length, context);
            _ended.Add(slot);
        }
    }

    private void Decide(Slot slot, LogitRows rows, int length, bool isPrompt)
    {
        var answer = slot.Answer!;
        var sent = isPrompt ? 0 : answer.Draft.SentCount;
        var result = answer.Conclude(rows, !isPrompt, slot.Tokens);
        // Rows of refused tokens leave both caches; the accepted ones are worked out already and stay.
        var kept = length + result.Accepted;
        slot.AdvanceMain(kept);
        if (sent > result.Accepted)
            slot.KeepMain(kept, context);
        slot.LimitDraft(kept);
        var end = result.End;
        if (end == FinishReason.Unspecified && slot.Tokens.Count > placement.ContextLength)
        {
            if (answer.Rolls)
                answer.CountDropped(slot.Roll(answer.FirstPart(placement.ContextLength), placement.ContextLength, context, _draft));
            else
                end = FinishReason.ContextFull;
        }
        if (end == FinishReason.Unspecified)
            return;
        answer.Finish(end);
        _ended.Add(slot);
    }

    /// <summary>One alone has filled the cache.</summary>
    private void EndWithFullContext()
    {
        foreach (var rider in _riders)
        {
            rider.Slot.Answer!.Finish(FinishReason.ContextFull);
            _ended.Add(rider.Slot);
        }
    }

    private void FailRiders(DecodeStatus status)
    {
        foreach (var rider in _riders)
        {
            rider.Slot.Answer!.Fail(Refusal.Internal("decode_failed", $"llama.cpp could not compute this pass (code {(int)status}). {NativeLog.LastErrors()}", "Try again; load the model again if it persists."));
            rider.Slot.KeepMain(0, context);
            _ended.Add(rider.Slot);
        }
    }

    /// <param name="Slot">Who.</param>
    /// <param name="FirstRow">The row whose logits come first: of the pending token, or of the prompt's last.</param>
    /// <param name="End">Tokens of the slot that are in the cache after the pass, the draft's not counted.</param>
    /// <param name="PromptRows">Rows of a prompt's chunk; 0 for a decode step.</param>
    private readonly record struct Rider(Slot Slot, int FirstRow, int End, int PromptRows)
    {
        public bool IsPrompt => PromptRows > 0;
    }
}
