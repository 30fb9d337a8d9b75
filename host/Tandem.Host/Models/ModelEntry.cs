using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>A model that the catalogue lists: found, and described or broken.</summary>
public sealed record ModelEntry
{
    /// <summary>Canonical key, lower case: <c>publisher/model</c>, with <c>@quant</c> when several files share it.</summary>
    public required string Key { get; init; }

    public required string EngineId { get; init; }

    public required ModelSource Source { get; init; }

    /// <summary>Null when <see cref="Problem"/> says why.</summary>
    public ModelDescription? Description { get; init; }

    /// <summary>Why the file cannot be used; null when it can.</summary>
    public string? Problem { get; init; }

    /// <summary>The field inside the file that is at fault, when one is.</summary>
    public string? ProblemField { get; init; }

    /// <summary>Ships with Tandem.</summary>
    public bool Embedded { get; init; }

    /// <summary>Another folder, earlier in the list, has a model of this key; this one cannot be reached by it.</summary>
    public bool Shadowed { get; init; }

    /// <summary>Defaults that ship with the model.</summary>
    public ModelDefaults Shipped { get; init; } = ModelDefaults.None;

    /// <summary>What requests get when they say nothing: the user's, and beneath them <see cref="Shipped"/>.</summary>
    public ModelDefaults Defaults { get; init; } = ModelDefaults.None;
}

/// <summary>What a requested model name came to.</summary>
public abstract record ModelResolution
{
    public sealed record Found(ModelEntry Model) : ModelResolution;

    /// <param name="Failure">404 naming near matches or the several keys that fit; or why the file is broken.</param>
    public sealed record NotFound(Failure Failure) : ModelResolution;
}
