using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

/// <summary>The choice of length against simulated machines and drafts, whose true acceptance the policy has to find out.</summary>
public sealed class LengthPolicyTests
{
    private static readonly Times Cheap = new(rows => rows * 0.001);
    private static readonly Times Flat = new(rows => 0.1 + (0.001 * rows));

    [Fact]
    public void A_good_draft_that_costs_little_is_used_at_length() =>
        Assert.InRange(new Simulation(Flat, Cheap) { Acceptance = 0.9 }.Run().MeanLength, 8, 32);

    [Theory]
    [InlineData(0.9, 0.5, 0.1)]
    [InlineData(0.9, 0.1, 0.05)]
    [InlineData(0.7, 0.1, 0.1)]
    [InlineData(0.8, 0.02, 0.02)]
    [InlineData(0.5, 0.02, 0.1)]
    [InlineData(0.97, 0.3, 0.02)]
    public void The_rate_comes_close_to_that_of_the_best_fixed_length(double acceptance, double slope, double draftCost)
    {
        var (main, draft) = (new Times(rows => 1 + (slope * (rows - 1))), new Times(rows => draftCost * (0.9 + (0.1 * rows))));
        var best = Enumerable.Range(0, 33).Max(length => Simulation.FixedRate(main, draft, acceptance, length));
        var reached = new Simulation(main, draft) { Acceptance = acceptance, Tokens = 2000 }.Run().Rate;
        Assert.InRange(reached / best, 0.93, 1.1);
    }

    [Fact]
    public void Wide_steps_of_cost_are_used_whole()
    {
        // A pass of 5 rows costs no more than one of 2, one of 6 twice as much.
        var steps = new Times(rows => rows == 1 ? 1 : rows <= 5 ? 1.4 : 2.8);
        Assert.Equal(4, new Simulation(steps, Cheap) { Acceptance = 0.8, Tokens = 1000 }.Run().MeanLength, 0.3);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.2)]
    [InlineData(0.4)]
    public void A_draft_that_does_not_pay_costs_no_more_than_the_tries(double acceptance)
    {
        var (main, draft) = (new Times(rows => 1 + (0.3 * (rows - 1))), new Times(rows => 0.3 + (0.03 * rows)));
        var run = new Simulation(main, draft) { Acceptance = acceptance, Tokens = 400 }.Run();
        Assert.InRange(run.Rate / (1 / main.Seconds(1)), 0.97, 1.02);
    }

    [Fact]
    public void A_draft_as_dear_as_the_main_model_is_left_alone_from_the_first_step()
    {
        var times = new Times(rows => 1 + (0.2 * rows));
        Assert.InRange(new Simulation(times, times) { Acceptance = 1, Tokens = 400 }.Run().Rate * times.Seconds(1), 0.97, 1.02);
    }

    [Fact]
    public void A_draft_that_becomes_good_is_found_by_the_tries()
    {
        var (main, draft) = (new Times(rows => 1 + (0.05 * (rows - 1))), new Times(_ => 0.02));
        var simulation = new Simulation(main, draft) { Acceptance = 0.02, Tokens = 400 };
        var bad = simulation.Run();
        simulation.Acceptance = 0.95;
        simulation.Tokens = 1500;
        Assert.InRange(bad.MeanLength, 0, 1);
        Assert.InRange(simulation.Run().MeanLength, 4, 32);
    }

    [Fact]
    public void A_draft_ends_where_it_is_no_longer_sure()
    {
        // Half of the tokens are certain, half are guesses; the draft knows which.
        var (main, draft) = (new Times(rows => 1 + (0.15 * (rows - 1))), new Times(_ => 0.02));
        var knowing = new Simulation(main, draft) { Acceptance = 0.98, UnsureAcceptance = 0.2, Tokens = 2000 };
        var blind = new Simulation(main, draft) { Acceptance = 0.98, UnsureAcceptance = 0.2, Tokens = 2000, HidesSureness = true };
        Assert.True(knowing.Run().Rate > 1.1 * blind.Run().Rate);
    }

    [Fact]
    public void A_long_match_is_copied_at_length_and_a_text_that_never_goes_on_alike_is_left_alone()
    {
        var main = new Times(rows => 1 + (0.1 * (rows - 1)));
        var copies = new Simulation(main, null) { Match = 12, Acceptance = 0.99, Tokens = 600 }.Run();
        Assert.InRange(copies.MeanLength, 10, 32);
        var misleads = new Simulation(main, null) { Match = 3, Acceptance = 0.02, Tokens = 400 }.Run();
        Assert.InRange(misleads.Rate, 0.97, 1.02);
    }

    [Fact]
    public void Where_both_can_propose_the_better_one_does()
    {
        var main = new Times(rows => 1 + (0.1 * (rows - 1)));
        var policy = New(main, new Times(_ => 0.2));
        Assert.Equal(Origin.Ngram, policy.Choose(new StepOptions(16, 1, Match: 24)).Origin);
        Assert.Equal(Origin.Draft, policy.Choose(new StepOptions(16, 1, Match: 0)).Origin);
        var withFreeDraft = New(main, new Times(_ => 0.001));
        Assert.Equal(Origin.Draft, withFreeDraft.Choose(new StepOptions(16, 1, Match: 3)).Origin);
    }

    [Fact]
    public void Drafts_shrink_as_others_fill_the_pass()
    {
        // Up to 8 rows cost the same; more cost in proportion.
        var main = new Times(rows => Math.Max(8, rows) * 0.01);
        var lengths = new[] { 0, 4, 16 }.Select(rows => Length(new StepOptions(32, 1, 0, rows, rows * 0.8, rows / 4))).ToList();
        Assert.True(lengths[0] >= 6, $"{lengths[0]}");
        Assert.True(lengths[1] < lengths[0], $"{lengths[1]} < {lengths[0]}");
        Assert.Equal(0, lengths[2]);

        int Length(StepOptions options) => Drafted(New(main, new Times(_ => 0.001), [0.7]), options);
    }

    [Fact]
    public void A_long_text_that_the_draft_has_not_seen_has_to_be_worth_following()
    {
        var (main, draft) = (new Times(rows => 1 + (0.1 * (rows - 1))), new Times(rows => 0.1 + (0.02 * rows)));
        Assert.Equal(Origin.Draft, New(main, draft).Choose(new StepOptions(16, 100, 0)).Origin);
        Assert.Equal(Origin.Main, New(main, draft).Choose(new StepOptions(16, 30_000, 0)).Origin);
    }

    [Fact]
    public void Without_room_or_without_any_figure_nothing_is_drafted()
    {
        Assert.Equal(0, New(Flat, Cheap).Choose(new StepOptions(0, 1, 9)).Length);
        Assert.Equal(0, New(new Times(_ => 0), Cheap).Choose(new StepOptions(9, 1, 9)).Length);
    }

    [Fact]
    public void The_same_decisions_give_the_same_lengths()
    {
        var (main, draft) = (new Times(rows => 1 + (0.1 * (rows - 1))), new Times(_ => 0.05));
        var first = new Simulation(main, draft) { Acceptance = 0.7, Tokens = 500 }.Run();
        Assert.Equal(first.Lengths, new Simulation(main, draft) { Acceptance = 0.7, Tokens = 500 }.Run().Lengths);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        var policy = New(Flat, Cheap);
        Step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 100; step++)
            Step();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Step()
        {
            policy.Choose(new StepOptions(32, 1, 5));
            policy.Admits(0, 0.9);
            policy.GoesOn(1);
            policy.Observe(0, accepted: true);
            policy.EndStep(1, 2);
        }
    }

    private static LengthPolicy New(IPassTimes main, IPassTimes draft, double[]? prior = null) =>
        new(main, draft, new AcceptanceEstimate(prior ?? [0.75], 4), SpeculationSettings.LongestDraft);

    /// <summary>Tokens that a draft of middling sureness comes to.</summary>
    private static int Drafted(LengthPolicy policy, StepOptions options)
    {
        var length = policy.Choose(options).Length;
        var count = 0;
        while (count < length && policy.Admits(count, 0.7))
        {
            count++;
            if (!policy.GoesOn(count))
                break;
        }
        return count;
    }

    private sealed class Times(Func<int, double> seconds) : IPassTimes
    {
        public double Seconds(int rows) => rows == 0 ? 0 : seconds(rows);
    }

    /// <summary>A sequence decoded on paper: chance decides acceptance, the figures say what time it takes.</summary>
    private sealed class Simulation(Times main, Times? draft)
    {
        private readonly Random _random = new(7);
        private readonly LengthPolicy _policy = New(main, draft ?? new Times(_ => 0));

        public double Acceptance { get; set; }
        public double? UnsureAcceptance { get; init; }
        public bool HidesSureness { get; init; }
        public int Match { get; init; }
        public int Tokens { get; set; } = 400;

        public static double FixedRate(Times main, Times draft, double acceptance, int length)
        {
            var expected = Enumerable.Range(0, length + 1).Sum(count => Math.Pow(acceptance, count));
            return expected / (main.Seconds(length + 1) + (length * draft.Seconds(1)));
        }

        public (double Rate, double MeanLength, List<int> Lengths) Run()
        {
            var (tokens, seconds, lengths) = (0, 0.0, new List<int>());
            while (tokens < Tokens)
            {
                var (gained, proposed, spent) = Step();
                tokens += gained;
                seconds += spent;
                lengths.Add(proposed);
            }
            return (tokens / seconds, lengths.Average(), lengths);
        }

        private (int Gained, int Proposed, double Seconds) Step()
        {
            var plan = _policy.Choose(new StepOptions(SpeculationSettings.LongestDraft, draft is null ? 0 : 1, Match));
            var (chances, passes) = plan.Origin == Origin.Draft ? Propose(plan.Length) : ([.. Enumerable.Repeat(Acceptance, plan.Length)], 0);
            var accepted = 0;
            for (var index = 0; index < chances.Count; index++)
            {
                var isAccepted = _random.NextDouble() < chances[index];
                _policy.Observe(index, isAccepted);
                if (!isAccepted)
                    break;
                accepted++;
            }
            _policy.EndStep(chances.Count, accepted + 1);
            return (accepted + 1, chances.Count, main.Seconds(chances.Count + 1) + (passes * (draft?.Seconds(1) ?? 0)));
        }

        private (List<double> Chances, int Passes) Propose(int length)
        {
            var (chances, passes) = (new List<double>(), 0);
            do
            {
                passes++;
                var isSure = UnsureAcceptance is null || _random.Next(2) == 0;
                var chance = isSure ? Acceptance : UnsureAcceptance ?? 0;
                if (!_policy.Admits(chances.Count, HidesSureness ? 0.7 : chance))
                    break;
                chances.Add(chance);
            }
            while (chances.Count < length && _policy.GoesOn(chances.Count));
            return (chances, passes);
        }
    }
}
