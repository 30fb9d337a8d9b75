namespace Tandem.Tests.Speculation;

/// <summary>Pearson's test of counts against known probabilities.</summary>
internal static class ChiSquare
{
    private const double LeastExpected = 5;

    /// <summary>
    /// The probability of counts at least as far from what is expected, if the probabilities are right. Cells expecting fewer than five
    /// are pooled; a count where nothing is possible gives 0.
    /// </summary>
    public static double Significance(IReadOnlyList<double> counts, IReadOnlyList<double> probabilities)
    {
        var total = counts.Sum();
        var (statistic, cells) = (0.0, 0);
        var (pooledCount, pooledExpected) = (0.0, 0.0);
        for (var cell = 0; cell < counts.Count; cell++)
        {
            var expected = probabilities[cell] * total;
            if (expected == 0 && counts[cell] > 0)
                return 0;
            if (expected < LeastExpected)
            {
                (pooledCount, pooledExpected) = (pooledCount + counts[cell], pooledExpected + expected);
                continue;
            }
            statistic += Math.Pow(counts[cell] - expected, 2) / expected;
            cells++;
        }
        if (pooledExpected > 0)
        {
            statistic += Math.Pow(pooledCount - pooledExpected, 2) / pooledExpected;
            cells++;
        }
        return cells < 2 ? 1 : UpperTail((cells - 1) / 2.0, statistic / 2);
    }

    /// <summary>Regularised upper incomplete gamma function (Numerical Recipes, 6.2: series below, continued fraction above).</summary>
    private static double UpperTail(double shape, double value)
    {
        if (value <= 0)
            return 1;
        var front = Math.Exp((shape * Math.Log(value)) - value - LogGamma(shape));
        if (value < shape + 1)
        {
            var (term, sum) = (1 / shape, 1 / shape);
            for (var step = 1; step < 1000; step++)
                sum += term *= value / (shape + step);
            return 1 - (front * sum);
        }
        var fraction = 0.0;
        for (var step = 1000; step > 0; step--)
            fraction = step * (shape - step) / (value + (2 * step) + 1 - shape + fraction);
        return front / (value + 1 - shape + fraction);
    }

    /// <summary>Stirling's series after shifting the argument up to where it is accurate.</summary>
    private static double LogGamma(double value)
    {
        var shift = 0.0;
        for (; value < 10; value++)
            shift -= Math.Log(value);
        return shift + ((value - 0.5) * Math.Log(value)) - value + (0.5 * Math.Log(2 * Math.PI))
            + (1 / (12 * value)) - (1 / (360 * Math.Pow(value, 3)));
    }
}
