using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Makes the drafts of all slots together, one pass of the draft model per draft position. The draft follows a prompt in step with the main
/// model, a turn behind it, so that the first token does not wait for it.
/// </summary>
/// <remarks>
/// Whether a step is drafted must not depend on what the caches held or on who else is served: a slot whose draft lags behind waits
/// (<see cref="Slot.WaitsForDraft"/>) until it has followed. The exception is a draft that came in the middle of an answer: the answer goes
/// on plain until then.
/// </remarks>
internal sealed class DraftRound(int contextLength, TimeProvider time, PassCosts costs)
{
    /// <summary>Time per turn in which drafts follow texts while other slots are served; a slot that is alone takes whole passes.</summary>
    private const double FollowSeconds = 0.05;
    private const int FirstFollow = 128;

    /// <summary>What a decode step leaves behind at most: the accepted draft and two tokens more.</summary>
    private const int StepLag = SpeculationSettings.LongestDraft + 2;

    private readonly List<(Slot Slot, int Row)> _drafting = [];
    private readonly List<(Slot Slot, int Row)> _next = [];
    private readonly List<(Slot Slot, int Length)> _advancing = [];
    private int _followRows;

    /// <summary>Null, or why the draft cannot be used any more.</summary>
    internal string? Run(List<Slot> running, DraftUnit? draft, SlotTable slots)
    {
        foreach (var slot in running)
            Plan(slot, running);
        return draft is null ? null : RunDraft(running, draft, slots);
    }

    private string? RunDraft(List<Slot> running, DraftUnit draft, SlotTable slots)
    {
        _drafting.Clear();
        _followRows = running.Count == 1 ? draft.Context.Capacity
            : costs.PromptRow <= 0 ? FirstFollow
            : (int)Math.Clamp(FollowSeconds / costs.PromptRow, StepLag, draft.Context.Capacity);
        var started = time.GetTimestamp();
        foreach (var slot in running)
            Begin(slot, draft.Context);
        var (rows, width, passes) = (draft.Context.RowCount, _drafting.Count, 1);
        var status = Follow(draft.Context);
        for (; status == DecodeStatus.Ok && _drafting.Count > 0; passes++)
            status = ProposeOne(draft.Context);
        // The last turn of the loop only draws.
        if (status == DecodeStatus.Ok && width > 0 && passes > 1 && rows <= width * 2)
            draft.Times.Record(width, time.GetElapsedTime(started).TotalSeconds / (passes - 1));
        foreach (var slot in running)
            slot.Answer!.Draft.End();
        if (status == DecodeStatus.NoRoom)
            MakeRoom(running, slots, draft.Context);
        // An abort means that nobody wants the answers any more.
        return status is DecodeStatus.Ok or DecodeStatus.Aborted or DecodeStatus.NoRoom ? null : $"decode returned {(int)status}.";
    }

    /// <summary>Chooses what a decode step drafts with. A slot that has waited for its draft goes on with what was chosen.</summary>
    private void Plan(Slot slot, List<Slot> running)
    {
        var answer = slot.Answer!;
        if (slot.WaitsForDraft || !slot.Decodes || !answer.Speculates)
            return;
        var (rows, tokens, drafts) = (0, 0.0, 0);
        foreach (var other in running)
        {
            if (other == slot || !other.Decodes)
                continue;
            var proposals = other.Answer!.Proposals;
            rows += 1 + proposals.LastSent;
            tokens += Math.Max(1, proposals.Plan.Expected);
            drafts += proposals.Plan.Origin == Origin.Draft ? 1 : 0;
        }
        var lag = Math.Max(slot.Tokens.Count - slot.DraftLength, 1);
        answer.PlanStep(slot.Tokens, new StepOptions(contextLength - slot.Tokens.Count, lag, Match: 0, rows, tokens, drafts));
    }

    /// <summary>Adds what the draft has not seen of a slot; the last token's logits begin the draft of a decode step.</summary>
    private void Begin(Slot slot, LlamaContext context)
    {
        var answer = slot.Answer!;
        slot.WaitsForDraft = false;
        if (!answer.Speculates)
            return;
        // Logits are needed of the last token: a step that came to nothing drafts again from there.
        slot.LimitDraft(slot.Tokens.Count - 1);
        var drafts = slot.Decodes ? answer.Proposals.Plan.Origin == Origin.Draft : answer.Proposals.FollowsPrompt;
        var goal = slot.Decodes ? slot.Tokens.Count : slot.MainLength;
        if (!drafts || slot.DraftLength >= goal)
            return;
        if (slot.DraftHasRefused)
            slot.KeepDraft(slot.DraftLength, context);
        var follows = AddRows(slot, goal, context, out var row);
        if (!slot.Decodes)
            return;
        if (follows)
        {
            slot.DraftIsNew = false;
            answer.Proposals.BeginDraft();
            if (answer.Draft.WantsMore)
                _drafting.Add((slot, row));
        }
        else
        {
            slot.WaitsForDraft = !slot.DraftIsNew;
        }
    }

    /// <summary>Adds rows up to the goal, or as many as this turn allows; true when the goal is reached.</summary>
    private bool AddRows(Slot slot, int goal, LlamaContext context, out int row)
    {
        var lag = goal - slot.DraftLength;
        var count = Math.Min(lag, context.Capacity - context.RowCount);
        // A step's own lag is always followed; what is more shares the turn's allowance.
        if (lag > StepLag || !slot.Decodes)
        {
            count = Math.Min(count, _followRows);
            _followRows -= count;
        }
        row = -1;
        var end = slot.DraftLength + count;
        for (var position = slot.DraftLength; position < end; position++)
            row = context.Add(slot.Tokens[position], position, slot.Id, wantsLogits: slot.Decodes && position == goal - 1);
        if (count > 0)
            _advancing.Add((slot, end));
        return count == lag;
    }

    private DecodeStatus Follow(LlamaContext context)
    {
        var status = DecodeStatus.Ok;
        if (context.RowCount > 0)
            status = Decode(context, isFollowing: context.RowCount > StepLag);
        foreach (var (slot, length) in _advancing)
        {
            if (status == DecodeStatus.Ok)
                slot.AdvanceDraft(length);
            else
                slot.KeepDraft(slot.DraftLength, context);
        }
        _advancing.Clear();
        return status;
    }

    /// <summary>One draft token for every slot that wants one, then one pass for those that want another.</summary>
    private DecodeStatus ProposeOne(LlamaContext context)
    {
        _next.Clear();
        foreach (var (slot, row) in _drafting)
        {
            var draft = slot.Answer!.Draft;
            if (!draft.Propose(context.Logits(row)) || !draft.WantsMore)
                continue;
            var index = draft.Count - 1;
            var position = slot.Tokens.Count + index;
            _next.Add((slot, context.Add(draft.TokenAt(index), position, slot.Id, wantsLogits: true)));
        }
        _drafting.Clear();
        if (_next.Count == 0)
            return DecodeStatus.Ok;
        var status = Decode(context, isFollowing: false);
        foreach (var (slot, row) in _next)
        {
            if (status != DecodeStatus.Ok)
            {
                slot.KeepDraft(slot.DraftLength, context);
                continue;
            }
            slot.AdvanceDraft(slot.Tokens.Count + slot.Answer!.Draft.Count);
            _drafting.Add((slot, row));
        }
        return status;
    }

    /// <summary>
    /// The draft's cache is full. Where room can be made the step is drafted again in the next turn; for one request alone, the drafts made so
    /// far are used as they are.
    /// </summary>
    private static void MakeRoom(List<Slot> running, SlotTable slots, LlamaContext context)
    {
        if (!slots.MakeDraftRoom(context))
            return;
        foreach (var slot in running)
            slot.WaitsForDraft |= slot.Answer!.Speculates && slot.Decodes;
    }

    private DecodeStatus Decode(LlamaContext context, bool isFollowing)
    {
        var rows = context.RowCount;
        var started = time.GetTimestamp();
        var status = context.Decode();
        if (status != DecodeStatus.Ok)
            return status;
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        if (isFollowing)
            costs.RecordPrompt(0, rows, seconds);
        else
            costs.Record(rows, seconds);
        return status;
    }
}
