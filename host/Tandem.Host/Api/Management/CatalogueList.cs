using System.ComponentModel.DataAnnotations;

namespace Tandem.Host.Api.Management;

/// <summary>Every model that was found, usable or not.</summary>
/// <param name="State"><c>scanning</c> until all headers are read, then <c>ready</c>.</param>
/// <param name="Folders">Where models are looked for, in order of precedence.</param>
internal sealed record CatalogueList(
    [property: AllowedValues("scanning", "ready")] string State, IReadOnlyList<string> Folders, IReadOnlyList<CatalogueItem> Models);

/// <summary>One model.</summary>
internal sealed record CatalogueItem
{
    public required string Key { get; init; }
    public required string Engine { get; init; }
    public required string Format { get; init; }

    /// <summary>The (first) file, or the folder.</summary>
    public required string Path { get; init; }
    public required int Files { get; init; }

    /// <summary>Vision or audio projector beside it.</summary>
    public string? Projector { get; init; }

    /// <summary>Ships with Tandem.</summary>
    public required bool Embedded { get; init; }

    /// <summary>An earlier folder has a model of this key; this one cannot be asked for.</summary>
    public required bool Shadowed { get; init; }

    /// <summary>Why it cannot be used, and the field of the file that is at fault; null when it can.</summary>
    public string? Problem { get; init; }

    /// <inheritdoc cref="Problem"/>
    public string? ProblemField { get; init; }

    /// <summary>What its headers say; null while they are read, or when they cannot be.</summary>
    public DescribedItem? Description { get; init; }

    /// <summary>Workers that have it.</summary>
    public required IReadOnlyList<InstanceItem> Instances { get; init; }

    /// <summary>For how many listed models it is recommended as a draft.</summary>
    public required int RecommendedFor { get; init; }

    /// <summary>Default draft; null when it has none.</summary>
    public string? DraftModel { get; init; }
}

/// <param name="Kind"><c>llm</c> or <c>embedding</c>.</param>
/// <param name="SizeBytes">All files together.</param>
internal sealed record DescribedItem(
    string? Name, [property: AllowedValues("llm", "embedding")] string Kind, string Architecture, string Quantization, long Parameters, long SizeBytes, int ContextLength, int Layers, bool Vision,
    bool ChatTemplate, TokenizerItem? Tokenizer);

/// <param name="Fingerprint">Equal for equal texts of all tokens; comparable inside one engine.</param>
internal sealed record TokenizerItem(string Kind, string PreTokenizer, int Size, string Fingerprint);

/// <param name="Id">Instance id, as requests may use it.</param>
/// <param name="State">State of its worker.</param>
internal sealed record InstanceItem(string Id, string State, string? DraftModel);
