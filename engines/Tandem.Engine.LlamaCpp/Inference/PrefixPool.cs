using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Texts that lost their slot, with the main's cache of them, in memory: bringing one back is a copy, working it out again is not. Bounded in
/// bytes; what was used longest ago leaves first. Of the draft nothing is kept: it follows a text quickly.
/// </summary>
internal sealed class PrefixPool(ulong capacity)
{
    /// <summary>Below this, a prompt is processed about as quickly as its state is copied.</summary>
    private const int LeastTokens = 64;

    private readonly LinkedList<Entry> _entries = [];

    /// <summary>Bytes held.</summary>
    internal ulong Bytes { get; private set; }

    /// <summary>Keeps what a slot is about to lose, when it is worth it and there is room for it.</summary>
    internal void Save(Slot slot, LlamaContext main)
    {
        if (slot.MainLength < LeastTokens || main.SequenceStateSize(slot.Id) > capacity)
            return;
        var tokens = slot.Tokens[..slot.MainLength].ToArray();
        Forget(entry => tokens.AsSpan().StartsWith(entry.Tokens));
        var state = main.Save(slot.Id);
        if (state.Length == 0)
            return;
        _entries.AddFirst(new Entry(tokens, state));
        Bytes += (ulong)state.Length;
        while (Bytes > capacity)
            Remove(_entries.Last!);
    }

    /// <summary>
    /// Brings a text into an empty slot that shares clearly more with the prompt than <paramref name="common"/> tokens. Returns what of the
    /// prompt need not be worked out: all but its last token at most, whose logits are not kept.
    /// </summary>
    internal int Restore(List<int> prompt, int common, Slot slot, LlamaContext main)
    {
        LinkedListNode<Entry>? best = null;
        var longest = common + LeastTokens - 1;
        for (var node = _entries.First; node is not null; node = node.Next)
        {
            var shared = node.Value.Tokens.AsSpan().CommonPrefixLength(CollectionsMarshal.AsSpan(prompt));
            if (shared > longest)
                (best, longest) = (node, shared);
        }
        if (best is null)
            return common;
        var entry = best.Value;
        Remove(best);
        slot.KeepMain(0, main);
        if (!main.Restore(slot.Id, entry.State))
            return 0;
        slot.Hold(entry.Tokens);
        return Math.Min(longest, prompt.Count - 1);
    }

    private void Forget(Predicate<Entry> isOld)
    {
        for (var node = _entries.First; node is not null;)
        {
            var next = node.Next;
            if (isOld(node.Value))
                Remove(node);
            node = next;
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        Bytes -= (ulong)node.Value.State.Length;
        _entries.Remove(node);
    }

    private sealed record Entry(int[] Tokens, byte[] State);
}
