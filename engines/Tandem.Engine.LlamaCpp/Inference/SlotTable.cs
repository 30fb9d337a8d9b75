using System.Collections.Immutable;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// The slots and what they keep in the caches: which slot a prompt gets, and who gives its place up when the cache is full. Used by the
/// loop alone, apart from reading <see cref="All"/>.
/// </summary>
internal sealed class SlotTable(int count, LlamaContext main, PrefixPool pool, bool cacheCanTrim)
{
    private long _uses;

    /// <summary>Every slot. Walked several times in each turn: an immutable array is walked without allocation.</summary>
    internal ImmutableArray<Slot> All { get; } = [.. Enumerable.Range(0, count).Select(id => new Slot(id))];

    /// <summary>
    /// Puts a prompt into a free slot: the one that shares the longest beginning with it; among those that share nothing the one that was
    /// used longest ago. A longer beginning that another slot holds is shared with it. Null when no slot is free.
    /// </summary>
    internal Slot? Take(List<int> prompt, bool reuse, LlamaContext? draft)
    {
        var (slot, common) = FindFree(prompt, reuse);
        if (slot is null)
            return null;
        var donor = reuse && cacheCanTrim ? All.MaxBy(other => other.UsablePrefix(prompt)) : null;
        var shared = donor?.UsablePrefix(prompt) ?? 0;
        if (donor == slot)
            common = Math.Max(common, shared);
        // What is kept of it stays in its place; the rest would be lost.
        if (cacheCanTrim && common * 2 < slot.MainLength)
            pool.Save(slot, main);
        if (donor != slot && shared > common)
        {
            common = shared;
            slot.Share(donor!, shared, main, draft);
        }
        if (reuse && cacheCanTrim)
            common = pool.Restore(prompt, common, slot, main);
        slot.Begin(prompt, common, main, draft);
        return slot;
    }

    /// <summary>An answer has ended: its slot is free, its text stays in the caches.</summary>
    internal void Free(Slot slot)
    {
        slot.Answer = null;
        slot.LastUsed = ++_uses;
        foreach (var other in All)
        {
            if (other.Answer is { } waiting)
                waiting.IsParked = false;
        }
    }

    /// <summary>
    /// The main's cache is full. The free slot used longest ago gives its place up; when none has any, the youngest request waits until
    /// another ends, and is then worked out again. False when one request alone fills the cache.
    /// </summary>
    internal bool MakeRoom(LlamaContext? draft)
    {
        var idle = All.Where(slot => slot.Answer is null && slot.MainLength > 0).MinBy(slot => slot.LastUsed);
        if (idle is not null)
        {
            if (cacheCanTrim)
                pool.Save(idle, main);
            idle.KeepMain(0, main);
            return true;
        }
        return Park(draft);
    }

    /// <summary>
    /// As <see cref="MakeRoom"/>, for the draft's cache. It never holds more than the main's once nobody keeps there what is of no use now.
    /// </summary>
    internal bool MakeDraftRoom(LlamaContext draft)
    {
        var found = false;
        foreach (var slot in All)
        {
            var isIdle = slot.Answer is null or { IsParked: true };
            if (slot.DraftHasRefused || (isIdle && slot.DraftLength > 0))
            {
                slot.KeepDraft(isIdle ? 0 : slot.DraftLength, draft);
                found = true;
            }
        }
        return found || Park(draft);
    }

    private bool Park(LlamaContext? draft)
    {
        var active = All.Where(slot => slot.Answer is { IsParked: false }).ToList();
        if (active.Count < 2)
            return false;
        var youngest = active.MaxBy(slot => slot.Answer!.AdmittedAt)!;
        youngest.Answer!.IsParked = true;
        youngest.KeepMain(0, main);
        youngest.KeepDraft(0, draft);
        return true;
    }

    private (Slot? Slot, int Common) FindFree(List<int> prompt, bool reuse)
    {
        Slot? best = null;
        var bestCommon = 0;
        foreach (var slot in All)
        {
            if (slot.Answer is not null)
                continue;
            // A beginning that most texts share is no reason to take this slot: it can be shared, and the rest would be lost.
            var common = reuse ? slot.UsablePrefix(prompt) : 0;
            if (common * 2 < slot.MainLength)
                common = 0;
            if (best is null || common > bestCommon || (common == bestCommon && slot.LastUsed < best.LastUsed))
                (best, bestCommon) = (slot, common);
        }
        return (best, bestCommon);
    }
}
