namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// One sequence of the KV caches: the tokens that are in them, and the answer that is being written, if one is.
/// <see cref="Tokens"/> holds prompt and answer; its first <see cref="MainLength"/> (<see cref="DraftLength"/>) tokens are in the main's
/// (draft's) cache. While an answer is being decoded, exactly the last token is not in the main's cache yet.
/// </summary>
internal sealed class Slot(int id)
{
    /// <summary>Number of the sequence in both caches.</summary>
    internal int Id { get; } = id;

    internal List<int> Tokens { get; } = [];

    internal int MainLength { get; private set; }

    internal int DraftLength { get; private set; }

    /// <summary>The draft's cache holds more than <see cref="DraftLength"/>: refused tokens that leave before it is used again.</summary>
    internal bool DraftHasRefused { get; private set; }

    /// <summary>What follows its last prompt, while the main's cache holds that prompt.</summary>
    internal PromptEnd End { get; } = new();

    /// <summary>Null when the slot is free.</summary>
    internal Answer? Answer { get; set; }

    /// <summary>When its last answer ended, as a growing number; 0: never used.</summary>
    internal long LastUsed { get; set; }

    /// <summary>Tokens of its prompt in the next main pass; set by <see cref="PromptShares"/>.</summary>
    internal int Chunk { get; set; }

    /// <summary>It sits out the main pass until the draft has followed its text.</summary>
    internal bool WaitsForDraft { get; set; }

    /// <summary>The draft came while the answer was written and has not followed its text yet: the answer goes on plain.</summary>
    internal bool DraftIsNew { get; set; }

    /// <summary>Tokens that the main model has not seen yet.</summary>
    internal int Pending => Tokens.Count - MainLength;

    /// <summary>Tokens to work out before the next decode step: of the prompt all, of a text that gave up its place all but the last.</summary>
    internal int PromptPending => Answer is { IsPromptDone: true } ? Pending - 1 : Pending;

    /// <summary>
    /// The next pass is a decode step. The first token of an answer never comes from one, however much of its prompt was in the cache: a
    /// draft for it would make the text at a given seed depend on what the cache happened to hold.
    /// </summary>
    internal bool Decodes => Pending == 1 && Answer is { IsPromptDone: true };

    /// <summary>The whole prompt was in the cache, with the logits behind it: the first token needs no pass.</summary>
    internal bool HasFirstToken => Pending == 0 && Answer is { IsPromptDone: false };

    /// <summary>How many tokens of a prompt are in the main's cache already.</summary>
    internal int CommonPrefix(List<int> prompt)
    {
        var limit = Math.Min(MainLength, prompt.Count);
        var common = 0;
        while (common < limit && Tokens[common] == prompt[common])
            common++;
        return common;
    }

    /// <summary>As <see cref="CommonPrefix"/>, but the last token counts only if the logits behind it are known: they are needed.</summary>
    internal int UsablePrefix(List<int> prompt)
    {
        var common = CommonPrefix(prompt);
        return common < prompt.Count || End.Length == prompt.Count ? common : common - 1;
    }

    /// <summary>Makes the slot hold a prompt, keeping what the caches share with it.</summary>
    internal void Begin(List<int> prompt, int keep, LlamaContext main, LlamaContext? draft)
    {
        KeepMain(keep, main);
        KeepDraft(Math.Min(DraftLength, MainLength), draft);
        Tokens.Clear();
        Tokens.AddRange(prompt);
        DraftIsNew = false;
        WaitsForDraft = false;
    }

    /// <summary>
    /// Takes over the beginning of another slot's text. Both caches are unified: the cells are shared, nothing is copied.
    /// </summary>
    internal void Share(Slot other, int length, LlamaContext main, LlamaContext? draft)
    {
        KeepMain(0, main);
        KeepDraft(0, draft);
        main.CopySequence(other.Id, Id, length);
        MainLength = length;
        if (other.End.Length == length)
            End.Keep(length, other.End.Logits);
        DraftLength = Math.Min(length, other.DraftLength);
        if (DraftLength > 0)
            draft?.CopySequence(other.Id, Id, DraftLength);
    }

    /// <summary>The main's cache holds this text now, the draft's nothing.</summary>
    internal void Hold(int[] tokens)
    {
        Tokens.Clear();
        Tokens.AddRange(tokens);
        MainLength = tokens.Length;
        LimitDraft(0);
    }

    /// <summary>Takes tokens out of the middle of the text; what is behind them is worked out again. Returns how many left.</summary>
    internal int Roll(int firstPart, int contextLength, LlamaContext main, LlamaContext? draft)
    {
        var dropped = Tokens.Count - firstPart - ((contextLength - firstPart) / 2);
        Tokens.RemoveRange(firstPart, dropped);
        KeepMain(Math.Min(MainLength, firstPart), main);
        KeepDraft(Math.Min(DraftLength, firstPart), draft);
        return dropped;
    }

    /// <summary>The main model has seen tokens up to this length.</summary>
    internal void AdvanceMain(int length) => MainLength = length;

    /// <summary>The draft has seen tokens up to this length.</summary>
    internal void AdvanceDraft(int length) => DraftLength = length;

    /// <summary>Cuts the main's cache to a length; a cache that cannot be cut there is emptied.</summary>
    internal void KeepMain(int length, LlamaContext main)
    {
        MainLength = length;
        End.Limit(length);
        if (main.Trim(Id, length))
            return;
        main.Trim(Id, 0);
        MainLength = 0;
        End.Limit(0);
    }

    /// <summary>What the draft has seen beyond a length was refused.</summary>
    internal void LimitDraft(int length)
    {
        if (DraftLength <= length)
            return;
        DraftLength = length;
        DraftHasRefused = true;
    }

    /// <summary>As <see cref="KeepMain"/>, for the draft's cache; without a draft there is nothing to keep.</summary>
    internal void KeepDraft(int length, LlamaContext? draft)
    {
        DraftHasRefused = false;
        DraftLength = draft is null ? 0 : length;
        if (draft is null || draft.Trim(Id, length))
            return;
        draft.Trim(Id, 0);
        DraftLength = 0;
    }
}
