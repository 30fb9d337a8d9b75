namespace Tandem.Cli.Commands;

/// <summary>A list of models as the Models page gets it.</summary>
internal sealed record ModelsView(string State, IReadOnlyList<ModelView> Models);

internal sealed record ModelView(
    string Key, string Engine, string Format, string Path, bool Embedded, bool Shadowed, string? Problem, string? ProblemField,
    DescriptionView? Description, IReadOnlyList<InstanceView> Instances, int RecommendedFor, string? DraftModel);

internal sealed record DescriptionView(
    string? Name, string Kind, string Architecture, string Quantization, long Parameters, long SizeBytes, int ContextLength, bool Vision);

internal sealed record InstanceView(string Id, string State, string? DraftModel);

/// <summary>A line of <c>ps</c>.</summary>
internal sealed record LoadedView(string Id, string Model, string State, string? DraftModel, long SizeBytes, string Engine);

internal sealed record PairsView(string? Main, string State, IReadOnlyList<DraftView> Drafts);

internal sealed record DraftView(
    string Key, string Verdict, IReadOnlyList<ReasonView> Reasons, DifferenceView? FirstDifference, int? Rank, bool Recommended, string? Advice,
    MeasuredView? Measured);

internal sealed record ReasonView(string Check, string Main, string Draft, string Message);

internal sealed record DifferenceView(int Id, string Main, string Draft);

internal sealed record MeasuredView(double Acceptance, double? SpeedUp);
