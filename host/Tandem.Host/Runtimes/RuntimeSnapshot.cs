using Tandem.Host.Plugins;
using Tandem.Host.Runtimes.Survey;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Everything <c>GET /api/tandem/runtimes</c> shows, at one moment.</summary>
public sealed record RuntimeSnapshot(MachineInfo Machine, IReadOnlyList<PluginReport> Plugins, IReadOnlyList<RuntimeReport> Runtimes);

/// <summary>One installed runtime and whether it can be used here.</summary>
/// <param name="Folder">Absolute path.</param>
/// <param name="Info">Null when its manifest cannot be read; <paramref name="Problem"/> says why.</param>
/// <param name="Predicates">All conditions; those that do not hold say why it is not used.</param>
/// <param name="Problem">Why it cannot be judged at all; null when it can.</param>
/// <param name="Selected">The one that models of its formats get.</param>
public sealed record RuntimeReport(
    string Folder, RuntimeInfo? Info, IReadOnlyList<Predicate> Predicates, string? Problem, bool Selected)
{
    private const string AnotherRuntime = "Select another runtime (tandem runtime ls), or install it again.";

    /// <summary>It came with the build: it can be neither removed nor replaced.</summary>
    public bool Bundled { get; init; }

    /// <summary>Null while it is being checked, and when it cannot work here anyway.</summary>
    public SurveyResult? Survey { get; init; }

    /// <summary>It was given up after an update; null when it was not.</summary>
    public FailedLoad? Failed { get; init; }

    /// <summary>The explicit choice that made it <see cref="Selected"/>; null when it is only the best there is.</summary>
    public Selection? Selection { get; init; }

    /// <summary>Nothing speaks against it; while it is being checked it counts as usable, so that nobody waits for the check.</summary>
    public bool Usable => Info is not null && Problem is null && Failed is null && Predicates.All(predicate => predicate.Holds) && Survey?.Works != false;

    /// <summary>Its survey has not ended yet.</summary>
    public bool IsChecking => Usable && Survey is null;

    /// <summary>First reason not to use it; null when there is none.</summary>
    public string? Reason => Problem
        ?? Predicates.FirstOrDefault(predicate => !predicate.Holds)?.Reason
        ?? (Survey?.Damage is { } damage ? $"{damage}." : null)
        ?? (Survey?.Probe?.Broken is [var broken, ..] ? broken : null)
        ?? Failed?.Reason;

    /// <summary>What to do about the reason; null when there is none.</summary>
    public string? NextStep => Usable ? null
        : Predicates.FirstOrDefault(predicate => !predicate.Holds)?.NextStep
        ?? (Survey?.Damage is not null ? $"Install it again: tandem runtime get {Info?.Id}" : null)
        ?? Survey?.Probe?.NextStep
        ?? AnotherRuntime;

    /// <summary>It works, but not as expected.</summary>
    public IReadOnlyList<string> Warnings => Survey?.Probe?.Warnings ?? [];

    public Compatibility Compatibility => RuntimeCompatibility.Of(this);
}

/// <summary>Outcome of looking for the runtime of an engine.</summary>
public abstract record RuntimeChoice
{
    public sealed record Found(RuntimeInfo Runtime) : RuntimeChoice;

    public sealed record Missing(Failure Failure) : RuntimeChoice;
}
