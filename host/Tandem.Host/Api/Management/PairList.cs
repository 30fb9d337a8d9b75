using System.ComponentModel.DataAnnotations;

namespace Tandem.Host.Api.Management;

/// <summary>Which models can draft for one main model, and for every other one why not.</summary>
/// <param name="Main">Canonical key; null while models are not known yet.</param>
/// <param name="State"><c>identifying</c>: the list may grow; <c>ready</c>: it is complete, also when it is empty.</param>
internal sealed record PairList(string? Main, [property: AllowedValues("identifying", "ready")] string State, IReadOnlyList<DraftItem> Drafts);

/// <param name="Verdict"><c>exact</c>, <c>tolerated</c> or <c>refused</c>.</param>
/// <param name="Reasons">Every check that failed; for <c>tolerated</c> every difference that is allowed.</param>
/// <param name="FirstDifference">First token id with different texts, where the vocabularies differ.</param>
/// <param name="Rank">1 is the best; null for one that is refused or no smaller than the main model.</param>
/// <param name="Recommended">A gain is to be expected, and both fit in memory.</param>
/// <param name="Advice">Why it is not recommended although it fits.</param>
internal sealed record DraftItem(
    string Key, [property: AllowedValues("exact", "tolerated", "refused")] string Verdict, IReadOnlyList<ReasonItem> Reasons, DifferenceItem? FirstDifference, int? Rank, bool Recommended, string? Advice,
    MeasuredItem? Measured);

/// <param name="Check">engine, kind, pre_tokenizer, add_bos, bos, add_eos, eos, size, text or range.</param>
internal sealed record ReasonItem(string Check, string Main, string Draft, string Message);

internal sealed record DifferenceItem(int Id, string Main, string Draft);

/// <param name="Acceptance">Share of drafted tokens that were accepted on this machine.</param>
/// <param name="SpeedUp">Speed with the draft over speed without.</param>
internal sealed record MeasuredItem(double Acceptance, double? SpeedUp);
