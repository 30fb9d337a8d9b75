namespace Tandem.Host.Serving;

/// <summary>What is remembered of a model's crashes.</summary>
/// <param name="InARow">Crashes since a worker of this model last completed a request.</param>
/// <param name="NotBefore">No worker is started before this; null: any time.</param>
/// <param name="Cause">The last crash.</param>
internal sealed record CrashHistory(int InARow, DateTimeOffset? NotBefore, Failure? Cause)
{
    public static CrashHistory None { get; } = new(0, null, null);
}

/// <summary>
/// When a model whose worker crashed gets another: at once if that worker had completed a request since its start; otherwise after
/// <c>min(10·2^(n-1), 300)</c> seconds with jitter, n being the crashes in a row without a completed request. Pure.
/// </summary>
internal static class RestartPolicy
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(300);
    private const double JitterShare = 0.1;

    /// <param name="jitter">0 to 1; spreads the wait over ± a tenth.</param>
    public static CrashHistory AfterCrash(CrashHistory history, bool hadCompleted, Failure cause, DateTimeOffset now, double jitter)
    {
        if (hadCompleted)
            return new CrashHistory(0, null, cause);
        var crashes = history.InARow + 1;
        var wait = TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(crashes - 1, 10)));
        return new CrashHistory(crashes, now + (wait * (1 + (JitterShare * ((2 * jitter) - 1)))), cause);
    }

    /// <summary>How long to wait before a worker may be started; zero: start it.</summary>
    public static TimeSpan WaitBeforeStart(CrashHistory history, DateTimeOffset now) =>
        history.NotBefore is { } notBefore && notBefore > now ? notBefore - now : TimeSpan.Zero;
}
