using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>The speculation settings of one request, checked.</summary>
/// <param name="Proposer">Never unspecified: without one the worker's choice is made by the caller before.</param>
/// <param name="Length">Fixed tokens per draft, 1 to 32; null: the worker chooses.</param>
/// <param name="MinLength">A shorter draft is not sent through the main model; 0 and 1: every draft is.</param>
/// <param name="MinProbability">0 to 1; drafting stops at a token the draft thinks less probable. 0: never.</param>
/// <param name="MaxLength">Ceiling when the worker chooses, 1 to 32.</param>
internal sealed record SpeculationSettings(Proposer Proposer, int? Length, int MinLength, double MinProbability, int MaxLength)
{
    public const int LongestDraft = 32;

    /// <summary>Every speculation setting this worker accepts, by field path: a part of the handshake's list.</summary>
    public static IReadOnlyList<string> Accepted { get; } =
    [
        "speculation.proposer", "speculation.length", "speculation.min_length", "speculation.min_probability",
        "speculation.max_length", "speculation.draft_revision",
    ];

    /// <summary>Reads the message of a request; every error found is added to <paramref name="errors"/>.</summary>
    /// <param name="source">The message; null when the request brought none.</param>
    /// <param name="proposerIfUnspecified">The worker's own choice.</param>
    /// <param name="errors">Gets the errors.</param>
    public static SpeculationSettings Read(
        Protocol.Speculation? source, Proposer proposerIfUnspecified, ICollection<SettingError> errors)
    {
        if (source is null)
            return new SpeculationSettings(proposerIfUnspecified, null, 0, 0, LongestDraft);
        var proposer = source.Proposer == Proposer.Unspecified ? proposerIfUnspecified : source.Proposer;
        if (!Enum.IsDefined(proposer))
            errors.Add(SettingError.Invalid("speculation.proposer", $"speculation.proposer {(int)proposer} is unknown."));
        Require(!source.HasLength || source.Length is >= 1 and <= LongestDraft, "length", $"from 1 to {LongestDraft}");
        Require(!source.HasMaxLength || source.MaxLength is >= 1 and <= LongestDraft, "max_length", $"from 1 to {LongestDraft}");
        Require(source.MinLength <= LongestDraft, "min_length", $"from 0 to {LongestDraft}");
        Require(source.MinProbability is >= 0 and <= 1, "min_probability", "from 0 to 1");
        return new SpeculationSettings(
            proposer,
            source.HasLength ? (int)source.Length : null,
            (int)source.MinLength,
            source.MinProbability,
            source.HasMaxLength ? (int)source.MaxLength : LongestDraft);

        void Require(bool holds, string name, string range)
        {
            if (!holds)
                errors.Add(SettingError.Invalid($"speculation.{name}", $"speculation.{name} must be {range}."));
        }
    }
}
