using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// What all answers so far say about the tokens of one draft, by position: the prior of the next answer, kept over restarts by whoever
/// stores it. Older decisions fade.
/// </summary>
internal sealed class AcceptanceHistory
{
    /// <summary>Decisions at a position that are remembered at most.</summary>
    private const double Memory = 2000;

    /// <summary>Decisions that history weighs in a new answer: answers differ, and a few of its own decisions say more.</summary>
    private const double LargestWeight = 12;
    private const double WithoutHistory = 0.75;

    private readonly double[] _decided = new double[SpeculationSettings.LongestDraft];
    private readonly double[] _accepted = new double[SpeculationSettings.LongestDraft];

    /// <param name="stored">Of earlier runs; null: none.</param>
    public AcceptanceHistory(AcceptancePrior? stored = null)
    {
        if (stored is null || !(stored.Weight > 0))
            return;
        // The weight is that of the first position; each further one was reached as often as those before it were accepted.
        var weight = Math.Min(stored.Weight, Memory);
        for (var position = 0; position < Math.Min(stored.ByPosition.Count, _decided.Length); position++)
        {
            var chance = Math.Clamp(stored.ByPosition[position], 0, 1);
            (_decided[position], _accepted[position]) = (weight, weight * chance);
            weight *= chance;
        }
    }

    public void Observe(int position, bool accepted)
    {
        var kept = _decided[position] < Memory ? 1 : 1 - (1 / Memory);
        _decided[position] = (_decided[position] * kept) + 1;
        _accepted[position] = (_accepted[position] * kept) + (accepted ? 1 : 0);
    }

    /// <summary>An estimate for an answer that begins now.</summary>
    public AcceptanceEstimate Begin()
    {
        var prior = ToPrior();
        return prior.ByPosition.Count == 0
            ? new AcceptanceEstimate([WithoutHistory], 4)
            : new AcceptanceEstimate(prior.ByPosition, Math.Min(prior.Weight, LargestWeight));
    }

    /// <summary>Positions with at least one decision.</summary>
    public AcceptancePrior ToPrior()
    {
        var prior = new AcceptancePrior { Weight = _decided[0] };
        for (var position = 0; position < _decided.Length && _decided[position] >= 1; position++)
            prior.ByPosition.Add(_accepted[position] / _decided[position]);
        return prior;
    }
}
