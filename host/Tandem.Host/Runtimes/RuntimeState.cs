using System.Collections.Immutable;
using Tandem.Host.Runtimes.Survey;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Everything that is known of the installed runtimes at one moment; replaced whole, never changed.</summary>
internal sealed record RuntimeState
{
    public ImmutableArray<InstalledRuntime> Installed { get; init; } = [];

    /// <summary>By folder; absent: not surveyed yet.</summary>
    public ImmutableDictionary<string, SurveyResult> Surveys { get; init; } = ImmutableDictionary<string, SurveyResult>.Empty;

    /// <summary>By model format; absent: the best there is.</summary>
    public ImmutableDictionary<string, Selection> Selected { get; init; } = ImmutableDictionary<string, Selection>.Empty;

    /// <summary>Runtime id by model key.</summary>
    public ImmutableDictionary<string, string> Overrides { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>By runtime id: it was given up because a model did not load on it after an update.</summary>
    public ImmutableDictionary<string, FailedLoad> Failed { get; init; } = ImmutableDictionary<string, FailedLoad>.Empty;
}

/// <summary>A folder with a manifest, as far as looking at it goes.</summary>
/// <param name="Info">Null when <paramref name="Problem"/> says why.</param>
/// <param name="Predicates">What can be told without running it.</param>
internal sealed record InstalledRuntime(string Folder, RuntimeInfo? Info, IReadOnlyList<Predicate> Predicates, string? Problem, bool Bundled);

/// <summary>Which runtime the models of a format get.</summary>
/// <param name="Pinned">Updates leave it alone.</param>
/// <param name="Previous">What a rollback goes back to; null when there is nothing.</param>
/// <param name="OnTrial">No model has been loaded on it since the update; the first load that fails rolls it back.</param>
/// <param name="Notice">What the user should know of how it came to this; null when nothing.</param>
public sealed record Selection(string RuntimeId, bool Pinned, string? Previous, bool OnTrial, string? Notice);

/// <summary>Why a runtime was given up.</summary>
public sealed record FailedLoad(string Reason, DateTimeOffset At);
