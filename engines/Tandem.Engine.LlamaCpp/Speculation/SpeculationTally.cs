using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Counts the fate of every drafted token of one answer, or of all answers. Every drafted token ends as exactly one of: accepted
/// (drafted and emitted), rejected (went through a main pass and the main model chose otherwise, for it or for one before it), ignored
/// (never went through a main pass, or was accepted and then cut off, or was behind what was cut off). Until then it is pending and not
/// reported, so that drafted = accepted + rejected + ignored at any time.
/// </summary>
internal sealed class SpeculationTally
{
    private readonly long[] _decidedByPosition = new long[SpeculationSettings.LongestDraft];
    private readonly long[] _acceptedByPosition = new long[SpeculationSettings.LongestDraft];
    private long _drafted;
    private long _accepted;
    private long _rejected;
    private long _ignored;
    private long _draftPasses;
    private long _mainPasses;
    private readonly long[] _stepsByLength = new long[SpeculationSettings.LongestDraft + 1];

    // Of the step under way: sent tokens, how many are decided, and whether a refusal has ended it.
    private int _sent;
    private int _decided;
    private bool _refused;

    private long Pending => _drafted - _accepted - _rejected - _ignored;

    /// <summary>The worker chose how many tokens a step drafted; with a fixed length nothing is said.</summary>
    public void ChooseLength(int length) => _stepsByLength[length]++;

    /// <summary>A step begins with so many drafted tokens, of which the first <paramref name="sent"/> go through the main model.</summary>
    public void BeginStep(int drafted, int sent)
    {
        EndStep();
        _drafted += drafted;
        _ignored += drafted - sent;
        _sent = sent;
    }

    /// <summary>A main pass for this answer has run, with the tokens the step sent if it sent any.</summary>
    public void CountMainPass()
    {
        _mainPasses++;
        if (_sent > 0)
            _draftPasses++;
    }

    /// <summary>What the verifier decided for the next row of the step.</summary>
    public void Decide(Outcome outcome)
    {
        if (_decided == _sent || _refused || outcome is not (Outcome.Accepted or Outcome.Corrected))
            return;
        var position = Math.Min(_decided++, SpeculationSettings.LongestDraft - 1);
        _decidedByPosition[position]++;
        if (outcome == Outcome.Accepted)
            _acceptedByPosition[position]++;
        else
            _refused = true;
    }

    /// <summary>A token has been sent to the reader.</summary>
    public void Emit(Origin origin)
    {
        if (origin is Origin.Draft or Origin.Ngram)
            _accepted++;
    }

    /// <summary>
    /// The step is over, also when not all rows were looked at. A refused token and all behind it are rejected; sent tokens that were
    /// never decided are ignored. Accepted ones stay pending until they are emitted or the answer ends.
    /// </summary>
    public void EndStep()
    {
        if (_refused)
            _rejected += _sent - (_decided - 1);
        else
            _ignored += _sent - _decided;
        (_sent, _decided, _refused) = (0, 0, false);
    }

    /// <summary>The answer is over, for whatever reason: what was not emitted by now never will be.</summary>
    public void Finish()
    {
        EndStep();
        _ignored += Pending;
    }

    /// <summary>Adds the figures of another tally, finished or running.</summary>
    public void Add(SpeculationTally other)
    {
        // A running answer may be read while it counts: each figure is read once, so that the sum balances.
        var (accepted, rejected, ignored) = (other._accepted, other._rejected, other._ignored);
        _drafted += accepted + rejected + ignored;
        _accepted += accepted;
        _rejected += rejected;
        _ignored += ignored;
        _draftPasses += other._draftPasses;
        _mainPasses += other._mainPasses;
        for (var length = 0; length < _stepsByLength.Length; length++)
            _stepsByLength[length] += other._stepsByLength[length];
        for (var position = 0; position < _decidedByPosition.Length; position++)
        {
            _decidedByPosition[position] += other._decidedByPosition[position];
            _acceptedByPosition[position] += other._acceptedByPosition[position];
        }
    }

    /// <summary>
    /// The figures as the contract names them. The figures by position are decisions of the main model: a token accepted and then cut
    /// off is among their accepted ones, because they say how well the draft predicts.
    /// </summary>
    public SpeculationCounters ToCounters(Proposer proposer, string draftKey)
    {
        var (accepted, rejected, ignored) = (_accepted, _rejected, _ignored);
        var counters = new SpeculationCounters
        {
            Drafted = (ulong)(accepted + rejected + ignored),
            Accepted = (ulong)accepted,
            Rejected = (ulong)rejected,
            Ignored = (ulong)ignored,
            DraftPasses = (ulong)_draftPasses,
            MainPasses = (ulong)_mainPasses,
            Proposer = proposer,
            DraftKey = draftKey,
        };
        var choices = _stepsByLength.Sum();
        if (choices > 0)
        {
            counters.MeanLength = _stepsByLength.Select((steps, length) => (double)steps * length).Sum() / choices;
            counters.StepsByLength.Add(_stepsByLength.Take(Array.FindLastIndex(_stepsByLength, steps => steps > 0) + 1).Select(steps => (ulong)steps));
        }
        for (var position = 0; position < _decidedByPosition.Length && _decidedByPosition[position] > 0; position++)
        {
            counters.DecidedByPosition.Add((ulong)_decidedByPosition[position]);
            counters.AcceptedByPosition.Add((ulong)_acceptedByPosition[position]);
        }
        return counters;
    }
}
