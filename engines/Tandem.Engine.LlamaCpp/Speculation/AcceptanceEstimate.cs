namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// How probable it is that a drafted token is accepted, given that all before it were: by its position in the draft, and by how sure the
/// proposer was. Of one sequence and one proposer: recent decisions count most, and what was known before counts until there are enough.
/// </summary>
internal sealed class AcceptanceEstimate
{
    private const double Forgetting = 1 - (1.0 / 64);

    /// <summary>Decisions that an estimate without history weighs, by position and by sureness.</summary>
    private const double PositionWeight = 4;
    private const double SurenessWeight = 2;

    private readonly Average[] _byPosition = new Average[SpeculationSettings.LongestDraft];
    private readonly Average[] _bySureness = new Average[SurenessClasses];
    private readonly double[] _prior = new double[SpeculationSettings.LongestDraft];
    private readonly double _priorWeight;

    /// <summary>Classes of sureness; class 0 is the least sure.</summary>
    public const int SurenessClasses = 8;

    /// <param name="prior">By position, what is known of the pair; positions behind its end take after those before.</param>
    /// <param name="weight">Decisions the prior weighs.</param>
    public AcceptanceEstimate(IReadOnlyList<double> prior, double weight)
    {
        for (var position = 0; position < _prior.Length; position++)
            _prior[position] = position < prior.Count ? Math.Clamp(prior[position], 0.01, 0.99) : double.NaN;
        _priorWeight = Math.Max(weight, 1);
    }

    /// <summary>The probability at a position, whatever the proposer's sureness.</summary>
    public void CopyTo(Span<double> byPosition)
    {
        var before = 0.5;
        for (var position = 0; position < byPosition.Length; position++)
        {
            var (expected, weight) = double.IsNaN(_prior[position]) ? (before, PositionWeight) : (_prior[position], _priorWeight);
            byPosition[position] = before = _byPosition[position].Value(expected, weight);
        }
    }

    /// <summary>The probability of a token of some sureness, where <paramref name="expected"/> is the guess without experience.</summary>
    public double OfSureness(int sureness, double expected) => _bySureness[sureness].Value(expected, SurenessWeight);

    public void Observe(int position, int sureness, bool accepted)
    {
        _byPosition[position].Add(accepted ? 1 : 0);
        _bySureness[sureness].Add(accepted ? 1 : 0);
    }

    /// <summary>
    /// A token was not worth proposing, with the probability it was thought to have. The average of its position takes that in, so that it
    /// stays one over all texts, not only over those that looked good; what is held against such tokens fades, so that they get new chances.
    /// </summary>
    public void Decline(int position, int sureness, double chance)
    {
        _byPosition[position].Add(chance);
        _bySureness[sureness].Fade();
    }

    private struct Average
    {
        private double _decided;
        private double _accepted;

        public readonly double Value(double expected, double weight) => (_accepted + (expected * weight)) / (_decided + weight);

        public void Add(double accepted)
        {
            Fade();
            _decided++;
            _accepted += accepted;
        }

        public void Fade()
        {
            _decided *= Forgetting;
            _accepted *= Forgetting;
        }
    }
}
