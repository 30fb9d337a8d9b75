using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Who proposes for one answer, step by step, and how much: as the request fixed it, or as <see cref="LengthPolicy"/> chooses. Copies from
/// the text are made here; a draft model's tokens are drawn by whoever runs it, when <see cref="Plan"/> says so.
/// </summary>
internal sealed class Proposals(SpeculationSettings settings, Draft draft, int longest, IPassTimes main, bool isSeeded)
{
    /// <summary>With a fixed length: the match that is preferred to a draft model.</summary>
    private const int SufficientMatch = 6;

    private readonly bool _drafts = settings.Proposer is Proposer.Draft or Proposer.Combined;
    private readonly NgramIndex? _index = settings.Proposer is Proposer.Ngram or Proposer.Combined ? new NgramIndex() : null;
    private DraftFigures? _figures;
    private LengthPolicy? _policy;
    private int _sinceDraft;

    /// <summary>What the step under way, or the last one, drafts with.</summary>
    public StepPlan Plan { get; private set; }

    /// <summary>Tokens sent with the last step.</summary>
    public int LastSent { get; private set; }

    /// <summary>Whether the length is the worker's choice.</summary>
    public bool IsAuto => settings.Length is null;

    /// <summary>Why the length is what it is; null when it is fixed.</summary>
    public LengthPolicy? Policy => _policy;

    /// <summary>A draft model has come, or (null) there is none any more.</summary>
    public void UseDraft(DraftFigures? figures)
    {
        _figures = _drafts ? figures : null;
        // A draft that comes while text is there has to follow it, seeded or not.
        _sinceDraft = 0;
        _policy = IsAuto ? new LengthPolicy(main, figures?.Times ?? NoTimes.Instance, figures?.Estimate ?? new AcceptanceEstimate([], 1), Math.Max(longest, 1)) : null;
    }

    /// <summary>Whether the draft model should follow a prompt while the main model works through it.</summary>
    public bool FollowsPrompt => _figures is not null && (_policy is null || _policy.IsWorthDrafting());

    /// <summary>Begins a step: chooses, and makes the draft when it is copied.</summary>
    /// <param name="text">Prompt and answer so far.</param>
    /// <param name="options">Room, the draft's lag and who shares the pass; what of it counts is decided here.</param>
    public void Begin(ReadOnlySpan<int> text, StepOptions options)
    {
        var match = _index?.Find(text) ?? default;
        // A seeded answer must not depend on caches and company.
        options = isSeeded
            ? new StepOptions(options.Limit, 1 + _sinceDraft, match.Length)
            : options with { Match = match.Length };
        options = options with
        {
            Limit = Math.Min(options.Limit, Math.Min(settings.Length ?? settings.MaxLength, longest)),
            DraftLag = _figures is null ? 0 : options.DraftLag,
        };
        // Without room for a draft that would be sent, none is begun.
        if (options.Limit < settings.MinLength)
            options = options with { Limit = 0 };
        Plan = _policy is not null ? _policy.Choose(options) : Fixed(options);
        if (Plan.Origin != Origin.Ngram)
        {
            draft.Begin(Origin.Draft, 0);
            return;
        }
        draft.Begin(Origin.Ngram, Plan.Length);
        for (var index = 0; draft.WantsMore; index++)
            draft.ProposeCertain(match.TokenAt(text, index));
        draft.End();
    }

    /// <summary>Begins the draft model's draft of this step.</summary>
    public void BeginDraft() => draft.Begin(Origin.Draft, Plan.Length, _policy);

    /// <summary>What the main model decided about a token of the draft.</summary>
    public void Observe(int index, bool accepted)
    {
        _policy?.Observe(index, accepted);
        if (draft.Origin == Origin.Draft)
            _figures?.History.Observe(index, accepted);
    }

    /// <summary>The step is over.</summary>
    public void EndStep(int sent, int gained)
    {
        LastSent = sent;
        _sinceDraft = Plan.Origin == Origin.Draft ? 0 : _sinceDraft + gained;
        _policy?.EndStep(sent, gained);
    }

    private static StepPlan Fixed(StepOptions options)
    {
        if (options.Limit <= 0)
            return new StepPlan(Origin.Main, 0, 1);
        var expected = 1 + (options.Limit / 2.0);
        return options.Match >= (options.DraftLag > 0 ? SufficientMatch : NgramIndex.LeastMatch) ? new StepPlan(Origin.Ngram, options.Limit, expected)
            : options.DraftLag > 0 ? new StepPlan(Origin.Draft, options.Limit, expected)
            : new StepPlan(Origin.Main, 0, 1);
    }

    private sealed class NoTimes : IPassTimes
    {
        public static NoTimes Instance { get; } = new();

        public double Seconds(int rows) => 0;
    }
}

/// <summary>What is known of a draft model by the answer that uses it.</summary>
/// <param name="Times">Its passes.</param>
/// <param name="Estimate">This answer's own estimate, begun with what was known.</param>
/// <param name="History">What all answers add to.</param>
internal sealed record DraftFigures(IPassTimes Times, AcceptanceEstimate Estimate, AcceptanceHistory History);
