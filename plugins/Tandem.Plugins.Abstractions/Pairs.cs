namespace Tandem.Plugins;

/// <summary>How well a draft fits a main model.</summary>
public enum PairFit
{
    /// <summary>The same tokenizer throughout.</summary>
    Exact,

    /// <summary>Different in ways that cannot change the text.</summary>
    Tolerated,

    /// <summary>Must not be used.</summary>
    Refused,
}

/// <summary>The judgement on one pair.</summary>
/// <param name="Fit">The verdict.</param>
/// <param name="Failed">Every check that failed, in the order they are made; empty for <see cref="PairFit.Exact"/>.</param>
/// <param name="FirstDifference">The first id at which the texts differ, when they do.</param>
public sealed record PairVerdict(PairFit Fit, IReadOnlyList<FailedCheck> Failed, TokenDifference? FirstDifference);

/// <summary>One check that failed (or, for <see cref="PairFit.Tolerated"/>, one difference that is allowed).</summary>
/// <param name="Check">engine, kind, pre_tokenizer, add_bos, bos, add_eos, eos, size, text or range; as in the worker contract.</param>
/// <param name="MainValue">Value of the main model.</param>
/// <param name="DraftValue">Value of the draft.</param>
/// <param name="Message">One sentence for a person.</param>
public sealed record FailedCheck(string Check, string MainValue, string DraftValue, string Message);

/// <summary>An id that means different texts to the two models.</summary>
public sealed record TokenDifference(int Id, string MainText, string DraftText);
