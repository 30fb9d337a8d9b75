using Tandem.Host.Models;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>The judgement on one pair of listed models.</summary>
/// <param name="Verdict">With every failing check.</param>
/// <param name="Failure">What a request for this pair is answered with; null when the draft may be used.</param>
public sealed record PairJudgement(PairVerdict Verdict, Failure? Failure);

/// <summary>A listed model as a draft for another, with the reasons.</summary>
public sealed record JudgedDraft(DraftCandidate Candidate, PairVerdict Verdict);

/// <summary>What the index says of one main model.</summary>
/// <param name="Drafts">All other listed models, best first, refused ones last.</param>
public sealed record DraftList(PairIndexState State, IReadOnlyList<JudgedDraft> Drafts);

/// <summary>
/// Says whether one model can draft for another, and why not: a draft on another engine never can; else the engine's plugin decides by
/// its rule. Which drafts there are comes from the index; reasons are worked out when they are asked for.
/// </summary>
public sealed class PairJudge
{
    private const int MostNamed = 5;
    private readonly PairIndex _index;
    private readonly IVocabularySource _vocabularies;
    private readonly Func<IReadOnlyList<IEnginePlugin>> _plugins;
    private readonly Func<string, string, PairMeasurement?> _measured;
    private readonly Func<ModelEntry, Failure?> _runtimeProblem;

    /// <param name="plugins">The usable plugins.</param>
    /// <param name="measured">What is known of a pair, by the keys of main model and draft.</param>
    /// <param name="runtimeProblem">Why no draft can be used with a model now, whatever fits; null when one can.</param>
    internal PairJudge(
        PairIndex index, IVocabularySource vocabularies, Func<IReadOnlyList<IEnginePlugin>> plugins, Func<string, string, PairMeasurement?> measured,
        Func<ModelEntry, Failure?> runtimeProblem) =>
        (_index, _vocabularies, _plugins, _measured, _runtimeProblem) = (index, vocabularies, plugins, measured, runtimeProblem);

    /// <summary>Whether <see cref="FindDrafts"/> can already be complete.</summary>
    public PairIndexState State => _index.State;

    public PairJudgement Judge(ModelEntry main, ModelEntry draft)
    {
        ArgumentNullException.ThrowIfNull(main);
        ArgumentNullException.ThrowIfNull(draft);
        var verdict = Decide(main, draft);
        return new PairJudgement(verdict, verdict.Fit == PairFit.Refused ? Explain(main, draft, verdict) : null);
    }

    /// <summary>The listed models that can draft for <paramref name="main"/>, best first; they are smaller than it and fit.</summary>
    public IReadOnlyList<DraftCandidate> FindDrafts(ModelEntry main)
    {
        ArgumentNullException.ThrowIfNull(main);
        return [.. Candidates(_index.Snapshot, main).TakeWhile(candidate => candidate.Rank is not null)];
    }

    /// <summary>All other listed models with verdict and reasons.</summary>
    public DraftList List(ModelEntry main)
    {
        ArgumentNullException.ThrowIfNull(main);
        // The state first: what it calls ready is in the snapshot read after it.
        var state = _index.State;
        var problem = _runtimeProblem(main);
        // Reasons depend on the tokenizer alone: worked out once for all models that share it.
        var verdicts = new Dictionary<TokenizerClass, PairVerdict>();
        return new DraftList(state, [.. Candidates(_index.Snapshot, main).Select(candidate => OnRuntime(candidate, VerdictOf(candidate.Model)))]);

        JudgedDraft OnRuntime(DraftCandidate candidate, PairVerdict verdict) => problem is null || verdict.Fit == PairFit.Refused
            ? new JudgedDraft(candidate, verdict)
            : new JudgedDraft(
                candidate with { Rank = null, Recommended = false, Advice = null },
                Refuse("runtime", main.EngineId, candidate.Model.EngineId, $"{problem.Message} {problem.NextStep}".TrimEnd()));

        PairVerdict VerdictOf(ModelEntry draft)
        {
            if (draft.Description is not { } description)
                return Decide(main, draft);
            var tokenizerClass = TokenizerClass.Of(description);
            return verdicts.TryGetValue(tokenizerClass, out var known) ? known : verdicts[tokenizerClass] = Decide(main, draft);
        }
    }

    private IReadOnlyList<DraftCandidate> Candidates(PairIndexSnapshot snapshot, ModelEntry main) =>
        snapshot.DraftsFor(main.Key, draft => _measured(main.Key, draft));

    private PairVerdict Decide(ModelEntry main, ModelEntry draft)
    {
        if (main.EngineId != draft.EngineId)
            return Refuse("engine", main.EngineId, draft.EngineId, $"The main model runs on {main.EngineId} and the draft on {draft.EngineId}.");
        if (main.Description is not { } mainModel || draft.Description is not { } draftModel)
            return Refuse("kind", main.Problem ?? "described", draft.Problem ?? "described", "A model whose file cannot be used cannot be paired.");
        var plugin = _plugins().FirstOrDefault(plugin => plugin.Engine.Id == main.EngineId);
        if (plugin is null)
            return Refuse("engine", main.EngineId, draft.EngineId, $"The plugin of {main.EngineId} cannot be used now.");
        try
        {
            return plugin.Judge(mainModel, draftModel, _vocabularies);
        }
        catch (Exception exception)
        {
            // The border to the plugin: a bug there must not take the request down.
            return Refuse("engine", main.EngineId, draft.EngineId, $"The plugin of {main.EngineId} failed: {exception.Message}");
        }
    }

    private Failure Explain(ModelEntry main, ModelEntry draft, PairVerdict verdict)
    {
        var fitting = FindDrafts(main).Select(candidate => candidate.Model.Key).ToList();
        var advice = fitting.Count > 0 ? $"Drafts that fit {main.Key}: {string.Join(", ", fitting.Take(MostNamed))}."
            : State == PairIndexState.Ready ? $"No listed model can draft for {main.Key}."
            : $"Drafts that fit {main.Key} are still being identified.";
        if (main.EngineId != draft.EngineId)
        {
            return new Failure(FailureCodes.DraftEngineMismatch,
                $"{draft.Key} cannot draft for {main.Key}: the draft runs on {draft.EngineId}, the main model on {main.EngineId}. {advice}",
                "draft_model", "Ask for a draft of the same engine, or for none.");
        }
        var reasons = string.Join(" ", verdict.Failed.Select(check => $"[{check.Check}] {check.Message}"));
        var first = verdict.FirstDifference is { } difference
            ? $" First difference: token {difference.Id} is \"{difference.MainText}\" against \"{difference.DraftText}\"."
            : "";
        return new Failure(FailureCodes.DraftVocabularyMismatch,
            $"{draft.Key} cannot draft for {main.Key}: {reasons}{first} {advice}", "draft_model", "Ask for a draft that fits, or for none.");
    }

    private static PairVerdict Refuse(string check, string main, string draft, string message) =>
        new(PairFit.Refused, [new FailedCheck(check, main, draft, message)], null);
}
