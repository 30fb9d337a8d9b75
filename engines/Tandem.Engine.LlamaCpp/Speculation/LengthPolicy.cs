using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>What a step may draft with, and who shares its pass.</summary>
/// <param name="Limit">Most tokens that may be drafted.</param>
/// <param name="DraftLag">Tokens that the draft model has to follow before it can propose, at least one; 0: there is none.</param>
/// <param name="Match">Tokens that agree with an earlier place of the text; 0: there is no such place.</param>
/// <param name="OtherRows">Rows of other sequences in the same pass.</param>
/// <param name="OtherTokens">Tokens those are expected to gain.</param>
/// <param name="OtherDrafts">Other sequences that draft with the same model.</param>
internal readonly record struct StepOptions(int Limit, int DraftLag, int Match, int OtherRows = 0, double OtherTokens = 0, int OtherDrafts = 0);

/// <summary>What a step drafts.</summary>
/// <param name="Origin">Who proposes; main: nobody.</param>
/// <param name="Length">Most tokens; the draft may end earlier by <see cref="IDraftStop"/>.</param>
/// <param name="Expected">Tokens that the step is expected to gain.</param>
internal readonly record struct StepPlan(Origin Origin, int Length, double Expected);

/// <summary>
/// Chooses, step by step and for one sequence, who drafts and how many tokens: what makes the expected tokens per second largest, where
/// plain decoding is one of the choices. With a_i the probability that token i is accepted when all before it were, a step of K tokens
/// gains 1 + Σ a_1…a_i and costs one main pass of K + 1 rows and K passes of the draft.
/// </summary>
/// <remarks>
/// A draft under way ends when the best that may follow is not worth its time at the rate reached otherwise. Rows count by what they add to
/// the pass, so drafts shrink as a batch fills, and step costs are looked over, not only up to the next token.
/// While plain decoding is best, a share of the time (<see cref="ExplorationShare"/>) is saved up for trying one token again.
/// Everything follows from the options, the times and this sequence's own decisions: with frozen times and no others in the pass the
/// lengths of a seeded answer are always the same.
/// </remarks>
internal sealed class LengthPolicy(IPassTimes main, IPassTimes draft, AcceptanceEstimate drafted, int longest) : IDraftStop
{
    /// <summary>Part of the decoding time that goes into tries.</summary>
    public const double ExplorationShare = 0.015;

    /// <summary>A gain that is smaller is not worth the risk.</summary>
    private const double LeastGain = 1.02;

    /// <summary>Following a long text is paid for over this many tokens to come.</summary>
    private const double Horizon = 256;
    private const double RateMemory = 1 - (1.0 / 32);

    private readonly AcceptanceEstimate _copied = new([], 1);
    private readonly double[] _chances = new double[longest];
    private readonly int[] _sureness = new int[longest];
    private double _saved;
    private double _tokens;
    private double _seconds;

    // Of the step under way.
    private StepOptions _options;
    private StepPlan _plan;
    private double _rate;
    private double _survival;
    private bool _isTrial;

    /// <summary>Expected tokens per second of the last plan, relative to plain decoding.</summary>
    public double Gain { get; private set; } = 1;

    /// <summary>The last plan.</summary>
    public StepPlan Plan => _plan;

    /// <summary>Estimated probability that a first drafted token is accepted.</summary>
    public double FirstChance { get; private set; }

    public StepPlan Choose(StepOptions options)
    {
        _options = options with { Limit = Math.Min(options.Limit, longest) };
        _survival = 1;
        _isTrial = false;
        var plain = Rate(1, 0, 0);
        var best = new StepPlan(Origin.Main, 0, 1);
        var bestRate = plain * LeastGain;
        Gain = 1;
        if (_options.Limit <= 0 || !double.IsFinite(plain))
            return _plan = best;
        var second = best;
        var secondRate = 0.0;
        if (_options.Match > 0)
            Consider(Origin.Ngram);
        if (_options.DraftLag > 0)
            Consider(Origin.Draft);
        _rate = Math.Max(bestRate, _seconds > 0 ? _tokens / _seconds : 0);
        Gain = best.Length > 0 ? bestRate / plain : 1;
        if (best.Length == 0 && second.Length > 0 && _saved >= TrialCost(second.Origin))
            (best, _saved, _isTrial) = (second with { Length = 1 }, 0, true);
        // A draft model's own sureness ends its drafts: it may go on as long as that holds.
        if (best.Origin == Origin.Draft && !_isTrial)
            best = best with { Length = _options.Limit };
        if (best.Origin != Origin.Main)
            SetChances(best.Origin);
        return _plan = best;

        void Consider(Origin origin)
        {
            SetChances(origin);
            FirstChance = _chances[0];
            var (length, rate, expected) = BestLength(origin);
            var plan = new StepPlan(origin, length, expected);
            if (rate > secondRate)
                (second, secondRate) = (plan, rate);
            if (rate > bestRate)
                (best, bestRate) = (plan, rate);
        }
    }

    /// <summary>Whether a draft model that keeps up with the text is expected to gain anything, alone in a pass.</summary>
    public bool IsWorthDrafting()
    {
        _options = new StepOptions(longest, 1, 0);
        SetChances(Origin.Draft);
        return BestLength(Origin.Draft).Rate > LeastGain * Rate(1, 0, 0);
    }

    public bool Admits(int index, double confidence)
    {
        var sureness = SurenessOf(confidence);
        _sureness[index] = sureness;
        var chance = drafted.OfSureness(sureness, (confidence + _chances[index]) / 2);
        if (!_isTrial && Ahead(index, _survival * chance, isDrawn: true) < 0)
        {
            drafted.Decline(index, sureness, chance);
            return false;
        }
        _survival *= chance;
        return true;
    }

    public bool GoesOn(int count) => !_isTrial && Ahead(count, _survival, isDrawn: false) > 0;

    /// <summary>What the main model decided about a drafted token, in order of their positions.</summary>
    public void Observe(int index, bool accepted)
    {
        if (_plan.Origin == Origin.Ngram)
            _copied.Observe(index, MatchClass(index), accepted);
        else
            drafted.Observe(index, _sureness[index], accepted);
    }

    /// <summary>The step is over.</summary>
    /// <param name="proposed">Tokens drafted.</param>
    /// <param name="gained">Tokens decided.</param>
    public void EndStep(int proposed, int gained)
    {
        var seconds = main.Seconds(_options.OtherRows + 1 + proposed);
        if (_plan.Origin == Origin.Draft)
            seconds += draft.Seconds(_options.DraftLag) + (Math.Max(proposed - 1, 0) * DraftPass);
        _saved += seconds * ExplorationShare;
        if (_isTrial || _plan.Origin == Origin.Main)
            return;
        _tokens = (_tokens * RateMemory) + gained + _options.OtherTokens;
        _seconds = (_seconds * RateMemory) + seconds;
    }

    private double DraftPass => draft.Seconds(1 + _options.OtherDrafts);

    private (int Length, double Rate, double Expected) BestLength(Origin origin)
    {
        var (best, bestRate, bestExpected) = (0, 0.0, 1.0);
        var (expected, survival) = (1.0, 1.0);
        for (var length = 1; length <= _options.Limit; length++)
        {
            survival *= _chances[length - 1];
            expected += survival;
            var rate = Rate(expected, length, origin == Origin.Draft ? DraftSeconds(length, expected) : 0);
            if (rate > bestRate)
                (best, bestRate, bestExpected) = (length, rate, expected);
        }
        return (best, bestRate, bestExpected);
    }

    private double Rate(double expected, int length, double draftSeconds) =>
        (_options.OtherTokens + expected) / (main.Seconds(_options.OtherRows + 1 + length) + draftSeconds);

    /// <summary>Time of the draft model. Following a step costs what it costs; following a long text is spread over what it will serve.</summary>
    private double DraftSeconds(int length, double expected)
    {
        var follow = draft.Seconds(_options.DraftLag);
        var once = Math.Max(follow - draft.Seconds(Math.Min(_options.DraftLag, SpeculationSettings.LongestDraft)), 0);
        return follow - once + (once * Math.Min(1, expected / Horizon)) + ((length - 1) * DraftPass);
    }

    private double TrialCost(Origin origin) =>
        main.Seconds(_options.OtherRows + 2) - main.Seconds(_options.OtherRows + 1) + (origin == Origin.Draft ? draft.Seconds(_options.DraftLag) : 0);

    /// <summary>
    /// The most that further tokens may gain over what their time is worth. <paramref name="isDrawn"/>: the first of them costs its row only,
    /// its probability is in the survival already.
    /// </summary>
    private double Ahead(int count, double survival, bool isDrawn)
    {
        var rows = _options.OtherRows + 1 + count;
        var (best, gained, passes) = (double.NegativeInfinity, 0.0, 0);
        for (var length = count; length < _options.Limit; length++)
        {
            if (!isDrawn || length > count)
            {
                survival *= _chances[length];
                passes++;
            }
            gained += survival;
            var seconds = main.Seconds(rows + 1 + length - count) - main.Seconds(rows) + (passes * DraftPass);
            best = Math.Max(best, gained - (_rate * seconds));
        }
        return best;
    }

    private void SetChances(Origin origin)
    {
        if (origin == Origin.Draft)
        {
            drafted.CopyTo(_chances);
            return;
        }
        for (var index = 0; index < _chances.Length; index++)
        {
            var match = MatchClass(index);
            _chances[index] = _copied.OfSureness(match, FirstGuess[match]);
        }
    }

    /// <summary>Chances that a copied token is right before there is any experience, by how long the match is.</summary>
    private static ReadOnlySpan<double> FirstGuess => [0.4, 0.5, 0.55, 0.65, 0.75, 0.85, 0.93, 0.97];

    /// <summary>A token of the guess counts those before it as matched: 3, 4, 5, 6 to 7, 8 to 11, 12 to 19, 20 to 31, more.</summary>
    private int MatchClass(int index) => (_options.Match + index) switch
    {
        <= 3 => 0,
        4 => 1,
        5 => 2,
        <= 7 => 3,
        <= 11 => 4,
        <= 19 => 5,
        <= 31 => 6,
        _ => 7,
    };

    private static int SurenessOf(double confidence) => confidence switch
    {
        < 0.2 => 0,
        < 0.35 => 1,
        < 0.5 => 2,
        < 0.65 => 3,
        < 0.8 => 4,
        < 0.9 => 5,
        < 0.97 => 6,
        _ => 7,
    };
}
