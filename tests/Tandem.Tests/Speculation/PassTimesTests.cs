using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class PassTimesTests
{
    [Fact]
    public void Nothing_is_known_until_something_is_measured()
    {
        var times = new PassTimes();
        Assert.False(times.IsKnown);
        Assert.Equal(0, times.Seconds(5));
        times.Record(1, 0.02);
        Assert.True(times.IsKnown);
        Assert.Equal(0.02, times.Seconds(1), 1e-12);
        Assert.InRange(times.Seconds(2), 0.0201, 0.04);
    }

    [Fact]
    public void Steps_are_kept_and_what_lies_between_is_interpolated()
    {
        var times = new PassTimes(Curve((1, 10), (4, 19), (5, 14), (9, 30)));
        Assert.Equal(new List<double> { 0, 10, 13, 16, 19, 14, 18, 22, 26, 30 }, Enumerable.Range(0, 10).Select(times.Seconds));
        Assert.Equal(30 + (91 * 20.0 / 8), times.Seconds(100), 1e-9);
    }

    [Fact]
    public void Figures_of_earlier_runs_that_make_no_sense_are_left_out()
    {
        var times = new PassTimes(Curve((0, 1), (1, 2), (3, -1), (4, double.NaN), (5, double.PositiveInfinity), (999, 1)));
        Assert.Equal(1u, Assert.Single(times.ToCurve().Points).BatchTokens);
    }

    [Fact]
    public void A_slow_machine_is_slow_for_every_width_and_one_hiccup_moves_little()
    {
        var times = new PassTimes(Curve((1, 10), (5, 14)));
        times.Record(5, 1000);
        Assert.InRange(times.Seconds(5), 14, 15.5);
        for (var pass = 0; pass < 300; pass++)
            times.Record(5, 28);
        Assert.Equal(28, times.Seconds(5), 0.5);
        Assert.InRange(times.Seconds(1), 13, 21);
    }

    [Fact]
    public void Frozen_figures_stay()
    {
        var times = new PassTimes(Curve((1, 10)));
        var frozen = times.Freeze();
        times.Record(1, 20);
        Assert.Equal(10, frozen.Seconds(1));
        Assert.True(times.Seconds(1) > 10);
    }

    [Fact]
    public void What_is_stored_comes_back()
    {
        var times = new PassTimes();
        times.Record(1, 0.01);
        times.Record(5, 0.02);
        var again = new PassTimes(times.ToCurve());
        Assert.Equal(Enumerable.Range(1, 70).Select(times.Seconds), Enumerable.Range(1, 70).Select(again.Seconds));
    }

    private static CostCurve Curve(params (int Rows, double Seconds)[] points)
    {
        var curve = new CostCurve();
        foreach (var (rows, seconds) in points)
            curve.Points.Add(new CostPoint { BatchTokens = (uint)rows, Seconds = seconds, Samples = 100 });
        return curve;
    }
}
