using CsCheck;
using Tandem.Host;
using Tandem.Host.Serving;

namespace Tandem.Tests.Serving;

public sealed class RestartPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Failure Cause = new(FailureCodes.WorkerCrashed, "it crashed");

    [Fact]
    public void A_worker_that_had_served_is_replaced_at_once()
    {
        var history = RestartPolicy.AfterCrash(CrashHistory.None, hadCompleted: true, Cause, Now, jitter: 0.5);
        Assert.Equal(TimeSpan.Zero, RestartPolicy.WaitBeforeStart(history, Now));
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(5, 160)]
    [InlineData(6, 300)]
    [InlineData(40, 300)]
    public void Crashes_in_a_row_without_a_request_wait_twice_as_long_up_to_five_minutes(int crashes, int seconds)
    {
        var history = Crash(crashes);
        Assert.Equal(TimeSpan.FromSeconds(seconds), RestartPolicy.WaitBeforeStart(history, Now));
        Assert.Equal(TimeSpan.Zero, RestartPolicy.WaitBeforeStart(history, Now.AddSeconds(seconds)));
    }

    [Fact]
    public void The_first_crash_of_the_replacement_backs_off()
    {
        var served = RestartPolicy.AfterCrash(Crash(4), hadCompleted: true, Cause, Now, 0.5);
        var again = RestartPolicy.AfterCrash(served, hadCompleted: false, Cause, Now, 0.5);
        Assert.Equal(TimeSpan.FromSeconds(10), RestartPolicy.WaitBeforeStart(again, Now));
    }

    [Fact]
    public void Jitter_stays_within_a_tenth() => Gen.Select(Gen.Double[0, 1], Gen.Int[1, 50]).Sample((jitter, crashes) =>
    {
        var plain = RestartPolicy.WaitBeforeStart(Crash(crashes), Now);
        var history = RestartPolicy.AfterCrash(Crash(crashes - 1), false, Cause, Now, jitter);
        var wait = RestartPolicy.WaitBeforeStart(history, Now);
        return wait >= plain * 0.899 && wait <= plain * 1.101;
    });

    [Fact]
    public void A_model_that_always_crashes_is_started_at_most_four_times_a_minute()
    {
        var (history, now, starts) = (CrashHistory.None, Now, 0);
        for (var request = 0; request < 600; request++, now = now.AddMilliseconds(100))
        {
            if (RestartPolicy.WaitBeforeStart(history, now) > TimeSpan.Zero)
                continue;
            starts++;
            // The shortest waits that jitter can give.
            history = RestartPolicy.AfterCrash(history, false, Cause, now, jitter: 0);
        }

        Assert.InRange(starts, 2, 4);
    }

    private static CrashHistory Crash(int times) => Enumerable.Range(0, times)
        .Aggregate(CrashHistory.None, (history, _) => RestartPolicy.AfterCrash(history, hadCompleted: false, Cause, Now, 0.5));
}
