namespace Tandem.Bench;

/// <summary>Measurements of one thing, taken in turns with those of others.</summary>
internal sealed class Series
{
    private readonly List<double> _values = [];

    public void Add(double value) => _values.Add(value);

    public double Last => _values[^1];

    public double Median => Sorted() is var sorted && sorted.Count % 2 == 1
        ? sorted[sorted.Count / 2]
        : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;

    /// <summary>Smallest and largest.</summary>
    public (double Low, double High) Spread => (_values.Min(), _values.Max());

    private List<double> Sorted() => [.. _values.Order()];
}
