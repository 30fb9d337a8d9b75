using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class AcceptanceTests
{
    [Fact]
    public void An_answer_begins_with_what_is_known_of_the_pair_and_learns_its_own()
    {
        var history = new AcceptanceHistory(new AcceptancePrior { ByPosition = { 0.9, 0.8 }, Weight = 500 });
        var estimate = history.Begin();
        Assert.Equal([90, 80, 80], Chances(estimate, 3).Select(chance => Math.Round(100 * chance, 9)));
        for (var step = 0; step < 60; step++)
            estimate.Observe(0, sureness: 3, accepted: false);
        Assert.InRange(Chances(estimate, 3)[0], 0, 0.25);
        Assert.Equal(0.8, Chances(estimate, 3)[1], 1e-9);
    }

    [Fact]
    public void Positions_without_experience_take_after_those_before()
    {
        var estimate = new AcceptanceHistory().Begin();
        for (var step = 0; step < 40; step++)
            estimate.Observe(0, 0, accepted: true);
        var chances = Chances(estimate, 4);
        Assert.InRange(chances[0], 0.95, 1);
        Assert.Equal(chances[0], chances[3]);
    }

    [Fact]
    public void Tokens_declined_count_as_they_were_judged_and_get_new_chances()
    {
        var estimate = new AcceptanceHistory().Begin();
        for (var step = 0; step < 10; step++)
            estimate.Observe(0, sureness: 1, accepted: false);
        var refused = estimate.OfSureness(1, 0.6);
        for (var step = 0; step < 200; step++)
            estimate.Decline(0, sureness: 1, 0.2);
        Assert.InRange(Chances(estimate, 1)[0], 0.15, 0.25);
        Assert.True(estimate.OfSureness(1, 0.6) > refused + 0.2);
    }

    [Fact]
    public void History_survives_being_stored()
    {
        var history = new AcceptanceHistory();
        for (var step = 0; step < 100; step++)
        {
            history.Observe(0, accepted: step % 10 != 0);
            if (step % 10 != 0)
                history.Observe(1, accepted: step % 2 == 0);
        }
        var stored = history.ToPrior();
        Assert.Equal(100, stored.Weight);
        Assert.Equal(0.9, stored.ByPosition[0], 1e-9);
        var again = new AcceptanceHistory(stored).ToPrior();
        Assert.Equal(stored.ByPosition, again.ByPosition);
        Assert.Equal(stored.Weight, again.Weight);
    }

    [Fact]
    public void A_stored_history_that_makes_no_sense_is_cut_to_what_a_chance_can_be()
    {
        var prior = new AcceptanceHistory(new AcceptancePrior { ByPosition = { 7, -3 }, Weight = double.MaxValue }).ToPrior();
        Assert.All(prior.ByPosition, chance => Assert.InRange(chance, 0, 1));
        Assert.Empty(new AcceptanceHistory(new AcceptancePrior { ByPosition = { 0.5 }, Weight = double.NaN }).ToPrior().ByPosition);
    }

    private static double[] Chances(AcceptanceEstimate estimate, int count)
    {
        var chances = new double[count];
        estimate.CopyTo(chances);
        return chances;
    }
}
