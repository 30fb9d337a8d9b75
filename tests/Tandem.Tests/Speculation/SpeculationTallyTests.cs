using CsCheck;
using Google.Protobuf;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class SpeculationTallyTests
{
    private static readonly Gen<ScriptedStep> SomeStep =
        from drafted in Gen.Int[0, 5]
        from isSent in Gen.Frequency((4, true), (1, false))
        from accepted in Gen.Int[0, 5]
        from letters in Gen.OneOf('a', 'b', 'b', 'c', 'c', '$').Array[6]
        from passRan in Gen.Frequency((9, true), (1, false))
        select new ScriptedStep(drafted, isSent, Math.Min(accepted, drafted), letters, passRan);

    [Fact]
    public void Every_drafted_token_has_exactly_one_fate_however_the_answer_ends() =>
        Gen.Select(SomeStep.Array[0, 12], Gen.OneOf("abc", "bcb", "cc", "zz"), Gen.Int[1, 30], Gen.Int[0, 60]).Sample(
            (steps, stop, mostTokens, cancelAfter) =>
            {
                var answer = new ScriptedAnswer(stop, mostTokens, cancelAfter);
                foreach (var step in steps.TakeWhile(_ => !answer.IsOver))
                    answer.Run(step);
                answer.Finish();
                var counters = answer.Tally.ToCounters(Proposer.Draft, "draft");
                AssertBalance(counters);
                Assert.Equal(answer.ExpectedFates('d'), counters.Drafted);
                Assert.Equal(answer.ExpectedFates('a'), counters.Accepted);
                Assert.Equal(answer.ExpectedFates('r'), counters.Rejected);
                Assert.Equal(answer.ExpectedFates('i'), counters.Ignored);
            });

    [Fact]
    public void An_accepted_token_that_ends_the_text_and_those_behind_it_are_ignored()
    {
        var tally = new SpeculationTally();
        tally.BeginStep(4, 4);
        tally.CountMainPass();
        tally.Decide(Outcome.Accepted);
        tally.Emit(Origin.Draft);
        tally.Decide(Outcome.Accepted); // the end of the text: never emitted
        tally.Finish();
        AssertCounters(tally, drafted: 4, accepted: 1, rejected: 0, ignored: 3);
        Assert.Equal([1UL, 1UL], tally.ToCounters(Proposer.Draft, "").AcceptedByPosition);
    }

    [Fact]
    public void A_refused_token_and_all_behind_it_are_rejected()
    {
        var tally = new SpeculationTally();
        tally.BeginStep(4, 4);
        tally.CountMainPass();
        tally.Decide(Outcome.Accepted);
        tally.Emit(Origin.Draft);
        tally.Decide(Outcome.Corrected);
        tally.Emit(Origin.Main);
        tally.EndStep();
        AssertCounters(tally, drafted: 4, accepted: 1, rejected: 3, ignored: 0);
        var counters = tally.ToCounters(Proposer.Draft, "");
        Assert.Equal([1UL, 1UL], counters.DecidedByPosition);
        Assert.Equal([1UL, 0UL], counters.AcceptedByPosition);
        Assert.Equal((1UL, 1UL), (counters.DraftPasses, counters.MainPasses));
    }

    [Fact]
    public void A_draft_that_is_not_sent_is_ignored_and_its_pass_carries_none()
    {
        var tally = new SpeculationTally();
        tally.BeginStep(2, 0);
        tally.CountMainPass();
        tally.Decide(Outcome.Bonus);
        tally.Emit(Origin.Main);
        tally.EndStep();
        AssertCounters(tally, drafted: 2, accepted: 0, rejected: 0, ignored: 2);
        Assert.Equal(0UL, tally.ToCounters(Proposer.Draft, "").DraftPasses);
    }

    [Fact]
    public void Sums_of_running_and_finished_answers_balance_too()
    {
        var (running, finished, sum) = (new SpeculationTally(), new SpeculationTally(), new SpeculationTally());
        running.ChooseLength(4);
        running.BeginStep(4, 4);
        running.Decide(Outcome.Accepted);
        finished.ChooseLength(1);
        finished.BeginStep(1, 1);
        finished.Finish();
        sum.Add(running);
        sum.Add(finished);
        AssertBalance(sum.ToCounters(Proposer.Draft, ""));
        AssertCounters(sum, drafted: 1, accepted: 0, rejected: 0, ignored: 1);
        Assert.Equal(2.5, sum.ToCounters(Proposer.Draft, "").MeanLength);
    }

    private static void AssertBalance(SpeculationCounters counters) =>
        Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);

    private static void AssertCounters(SpeculationTally tally, ulong drafted, ulong accepted, ulong rejected, ulong ignored)
    {
        var counters = tally.ToCounters(Proposer.Draft, "");
        Assert.Equal((drafted, accepted, rejected, ignored), (counters.Drafted, counters.Accepted, counters.Rejected, counters.Ignored));
    }

    /// <param name="Drafted">Tokens drafted.</param>
    /// <param name="IsSent">Whether the draft goes through the main model.</param>
    /// <param name="Accepted">How many the main model would accept.</param>
    /// <param name="Letters">Texts of the step's tokens; $ ends the text.</param>
    /// <param name="PassRan">False: cancelled between the draft and the pass.</param>
    internal sealed record ScriptedStep(int Drafted, bool IsSent, int Accepted, char[] Letters, bool PassRan);

    /// <summary>The worker's loop over a script, and a list of the fate of every drafted token kept beside it.</summary>
    private sealed class ScriptedAnswer(string stop, int mostTokens, int cancelAfter)
    {
        private readonly TokenReleaser _releaser = new([stop]);
        private readonly List<Token> _released = [];
        private readonly List<char> _fates = [];
        private readonly List<int> _fateOfToken = [];
        private int _decisions;
        private int _decided;

        public SpeculationTally Tally { get; } = new();

        public bool IsOver { get; private set; }

        public ulong ExpectedFates(char fate) => (ulong)_fates.Count(known => fate == 'd' || known == fate);

        public void Run(ScriptedStep step)
        {
            var first = _fates.Count;
            // Until a token's fate is known it is as if nothing more happened to it.
            _fates.AddRange(Enumerable.Repeat('i', step.Drafted));
            var sent = step.IsSent ? step.Drafted : 0;
            Tally.BeginStep(step.Drafted, sent);
            IsOver = !step.PassRan;
            if (step.PassRan)
                Tally.CountMainPass();
            for (var row = 0; row <= sent && !IsOver; row++)
            {
                var outcome = row == sent ? Outcome.Bonus : row < step.Accepted ? Outcome.Accepted : Outcome.Corrected;
                Tally.Decide(outcome);
                if (outcome == Outcome.Corrected)
                    for (var behind = row; behind < sent; behind++)
                        _fates[first + behind] = 'r';
                Take(step.Letters[row], outcome == Outcome.Accepted ? first + row : -1);
                AssertBalance(Tally.ToCounters(Proposer.Draft, ""));
                if (outcome != Outcome.Accepted)
                    break;
            }
            Tally.EndStep();
        }

        public void Finish()
        {
            _releaser.Flush(_released);
            EmitReleased();
            Tally.Finish();
        }

        private void Take(char letter, int fate)
        {
            IsOver = letter == '$' || ++_decisions > cancelAfter;
            if (letter == '$')
                return;
            _fateOfToken.Add(fate);
            var token = new Token
            {
                Id = _decided++,
                Piece = ByteString.CopyFromUtf8(letter.ToString()),
                Origin = fate < 0 ? Origin.Main : Origin.Draft,
            };
            IsOver |= _releaser.Add(token, _released) || _decided == mostTokens;
            EmitReleased();
        }

        private void EmitReleased()
        {
            foreach (var token in _released)
            {
                Tally.Emit(token.Origin);
                if (_fateOfToken[token.Id] >= 0)
                    _fates[_fateOfToken[token.Id]] = 'a';
            }
            _released.Clear();
        }
    }
}
