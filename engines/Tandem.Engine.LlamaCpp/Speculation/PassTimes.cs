using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>How long a pass takes by its number of rows.</summary>
internal interface IPassTimes
{
    /// <summary>Seconds; 0 for no rows, and for any number while nothing is known.</summary>
    double Seconds(int rows);
}

/// <summary>
/// Time of passes by their rows, from stored figures and from what is measured while decoding. A step function, so every width has its own
/// figure and wider is not always dearer; widths between measured ones are interpolated.
/// </summary>
/// <remarks>
/// A machine that is slow for a moment is slow for every width: a part of each deviation moves the whole curve, so that widths that are not
/// in use stay comparable. Deviations count by their ratio and at most by a factor of two, so one hiccup moves little.
/// </remarks>
internal sealed class PassTimes : IPassTimes
{
    /// <summary>Wider passes are prompt work; their time is extrapolated.</summary>
    public const int MaxRows = 64;

    /// <summary>What a further row is taken to cost where only one width is known, in passes of one row.</summary>
    private const double AssumedSlope = 0.25;
    private const double OwnWeight = 1.0 / 16;
    private const double CommonWeight = 1.0 / 16;
    private static readonly double LargestDeviation = Math.Log(2);

    private readonly double[] _measured = new double[MaxRows + 1];
    private readonly ulong[] _samples = new ulong[MaxRows + 1];
    private readonly double[] _seconds = new double[MaxRows + 1];
    private double _slope;

    /// <param name="stored">Figures of earlier runs; null: none.</param>
    public PassTimes(CostCurve? stored = null)
    {
        foreach (var point in stored?.Points ?? [])
        {
            if (point.BatchTokens is < 1 or > MaxRows || !(point.Seconds > 0) || !double.IsFinite(point.Seconds))
                continue;
            _measured[point.BatchTokens] = point.Seconds;
            _samples[point.BatchTokens] = Math.Max(1, point.Samples);
        }
        Fill();
    }

    private PassTimes(PassTimes source)
    {
        source._measured.CopyTo(_measured, 0);
        source._samples.CopyTo(_samples, 0);
        Fill();
    }

    /// <summary>True when some width has been measured.</summary>
    public bool IsKnown => _seconds[1] > 0;

    public bool IsMeasured(int rows) => _samples[rows] > 0;

    public double Seconds(int rows) => rows <= MaxRows ? _seconds[Math.Max(rows, 0)] : _seconds[MaxRows] + ((rows - MaxRows) * _slope);

    /// <summary>The figures as they are now, for good.</summary>
    public PassTimes Freeze() => new(this);

    public void Record(int rows, double seconds)
    {
        if (rows is < 1 or > MaxRows || !(seconds > 0))
            return;
        if (_samples[rows]++ == 0)
        {
            _measured[rows] = seconds;
        }
        else
        {
            var deviation = Math.Clamp(Math.Log(seconds / _measured[rows]), -LargestDeviation, LargestDeviation);
            var common = Math.Exp(deviation * CommonWeight);
            for (var width = 1; width <= MaxRows; width++)
                _measured[width] *= common;
            _measured[rows] *= Math.Exp(deviation * Math.Max(OwnWeight, 1.0 / _samples[rows]));
        }
        Fill();
    }

    public CostCurve ToCurve()
    {
        var curve = new CostCurve();
        for (var rows = 1; rows <= MaxRows; rows++)
        {
            if (_samples[rows] > 0)
                curve.Points.Add(new CostPoint { BatchTokens = (uint)rows, Seconds = _measured[rows], Samples = _samples[rows] });
        }
        return curve;
    }

    private void Fill()
    {
        var (left, last) = (0, 0);
        for (var rows = 1; rows <= MaxRows; rows++)
        {
            if (_samples[rows] == 0)
                continue;
            Interpolate(left, rows);
            (left, last) = (rows, rows);
        }
        if (last == 0)
            return;
        Bound(last);
        // Beyond the last measured width every row costs what the rows before it did on average.
        var first = _seconds[1];
        _slope = last == 1 ? first * AssumedSlope : Math.Max((_seconds[last] - first) / (last - 1), 0);
        for (var rows = last + 1; rows <= MaxRows; rows++)
            _seconds[rows] = _seconds[last] + ((rows - last) * _slope);
    }

    /// <summary>
    /// What cannot be, whatever a busy machine made of a measurement: one row is never dearer than several, and n rows never cost more than n
    /// passes of one.
    /// </summary>
    private void Bound(int last)
    {
        for (var rows = 2; rows <= last; rows++)
            _seconds[1] = Math.Min(_seconds[1], _seconds[rows]);
        for (var rows = 2; rows <= last; rows++)
            _seconds[rows] = Math.Min(_seconds[rows], rows * _seconds[1]);
    }

    /// <summary>Fills what lies between two measured widths; before the first one a row costs the assumed part of a pass.</summary>
    private void Interpolate(int left, int right)
    {
        var end = _measured[right];
        var start = left > 0 ? _measured[left] : end / (1 + ((right - 1) * AssumedSlope));
        var from = Math.Max(left, 1);
        for (var rows = from; rows < right; rows++)
            _seconds[rows] = start + ((end - start) * (rows - from) / (right - from));
        _seconds[right] = end;
    }
}
