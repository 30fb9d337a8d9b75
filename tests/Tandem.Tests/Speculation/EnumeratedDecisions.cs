using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

/// <summary>
/// Walks every branch of a computation that decides by chance, one leaf per run, and knows the probability of the leaf it is on.
/// </summary>
internal sealed class EnumeratedDecisions : IDecisions
{
    private readonly List<Branch> _path = [];
    private int _depth;

    public double Probability { get; private set; } = 1;

    /// <summary>Calls <paramref name="run"/> once per leaf.</summary>
    public static void ForEachLeaf(Action<EnumeratedDecisions> run)
    {
        var decisions = new EnumeratedDecisions();
        do
        {
            decisions._depth = 0;
            decisions.Probability = 1;
            run(decisions);
        }
        while (decisions.MoveToNextLeaf());
    }

    /// <summary>Every decision is its own branch, whatever step it belongs to.</summary>
    public void BeginStep(long position)
    {
    }

    public bool Accept(long position, double probability)
    {
        Assert.InRange(probability, 0, 1);
        return Choose([(1, probability), (0, 1 - probability)]) == 1;
    }

    public int Draw(long position, DrawPurpose purpose, TokenDistribution distribution) =>
        Choose([.. Enumerable.Range(0, distribution.Count)
            .Select(index => (distribution.TokenAt(index), distribution.ProbabilityAt(index)))]);

    private int Choose(List<(int Value, double Probability)> options)
    {
        if (_depth == _path.Count)
            _path.Add(new Branch([.. options.Where(option => option.Probability > 0)]));
        var (value, probability) = _path[_depth++].Current;
        Probability *= probability;
        return value;
    }

    private bool MoveToNextLeaf()
    {
        while (_path.Count > 0 && !_path[^1].MoveNext())
            _path.RemoveAt(_path.Count - 1);
        return _path.Count > 0;
    }

    private sealed class Branch(List<(int Value, double Probability)> options)
    {
        private int _index;

        public (int Value, double Probability) Current => options[_index];

        public bool MoveNext() => ++_index < options.Count;
    }
}
