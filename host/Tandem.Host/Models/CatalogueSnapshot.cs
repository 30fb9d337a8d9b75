using System.Collections.Immutable;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>What the last scan found. Immutable; a newer one has a larger revision.</summary>
public sealed record CatalogueSnapshot
{
    /// <summary>Before anything is known.</summary>
    public static CatalogueSnapshot Empty { get; } = new();

    /// <summary>0 before the first scan; grows only when something changed.</summary>
    public long Revision { get; init; }

    /// <summary>False while models of the first scan are still being described: those are listed without description or problem.</summary>
    public bool Complete { get; init; }

    /// <summary>All entries, broken and shadowed ones too, by key.</summary>
    public ImmutableArray<ModelEntry> Models { get; init; } = [];

    /// <summary>Results by <see cref="FoundModel.Identity"/>: files that have not changed are not read again.</summary>
    internal ImmutableDictionary<string, DescribeResult> Described { get; init; } = ImmutableDictionary<string, DescribeResult>.Empty;
}
