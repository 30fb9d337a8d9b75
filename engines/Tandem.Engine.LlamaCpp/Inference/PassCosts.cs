using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Time of passes by their width, as a moving average, and the slowest of each width; and what a row of a prompt costs beyond them.
/// Written by the loop alone; readers may see a pair of figures from two different passes, which is good enough for reports.
/// </summary>
internal sealed class PassCosts
{
    /// <summary>Wider passes are prompt work and are not kept.</summary>
    internal const int MaxWidth = 64;
    private const double NewWeight = 1.0 / 16;
    private const double NewPromptWeight = 1.0 / 4;

    private readonly double[] _seconds = new double[MaxWidth + 1];
    private readonly double[] _slowest = new double[MaxWidth + 1];
    private readonly ulong[] _samples = new ulong[MaxWidth + 1];

    /// <summary>Whole steps by their width, with the decisions about their rows: what the choice of draft lengths goes by.</summary>
    internal PassTimes Times { get; init; } = new();

    /// <summary>Seconds a row of a prompt adds to a pass; 0 until one was measured.</summary>
    internal double PromptRow { get; private set; }

    /// <summary>A pass of decode rows alone, every row with logits.</summary>
    internal void Record(int width, double seconds)
    {
        if (width is < 1 or > MaxWidth)
            return;
        var weight = Math.Max(NewWeight, 1.0 / (_samples[width] + 1));
        _seconds[width] += (seconds - _seconds[width]) * weight;
        _slowest[width] = Math.Max(_slowest[width], seconds);
        _samples[width]++;
    }

    /// <summary>A pass that carried rows of prompts, with or without decode rows beside them.</summary>
    internal void RecordPrompt(int decodeRows, int promptRows, double seconds)
    {
        var perRow = Math.Max(0, seconds - Estimate(decodeRows)) / promptRows;
        PromptRow = PromptRow == 0 ? perRow : PromptRow + ((perRow - PromptRow) * NewPromptWeight);
    }

    /// <summary>Seconds a pass of so many decode rows is expected to take: what the nearest measured width took; 0 when none was.</summary>
    internal double Estimate(int width)
    {
        if (width == 0)
            return 0;
        width = Math.Min(width, MaxWidth);
        for (var distance = 0; distance < MaxWidth; distance++)
        {
            if (width + distance <= MaxWidth && _samples[width + distance] > 0)
                return _seconds[width + distance];
            if (width - distance >= 1 && _samples[width - distance] > 0)
                return _seconds[width - distance];
        }
        return 0;
    }

    internal CostCurve Curve() => Times.ToCurve();

    internal CostCurve Slowest() => ToCurve(_slowest);

    private CostCurve ToCurve(double[] seconds)
    {
        var curve = new CostCurve();
        for (var width = 1; width <= MaxWidth; width++)
        {
            if (_samples[width] > 0)
                curve.Points.Add(new CostPoint { BatchTokens = (uint)width, Seconds = seconds[width], Samples = _samples[width] });
        }
        return curve;
    }
}
