namespace Tandem.Host.Workers;

/// <summary>What was seen of a worker in one look.</summary>
/// <param name="Answered">It answered its health check in time.</param>
/// <param name="CpuMoved">It used CPU while that was waited for.</param>
/// <param name="Work">Null: not asked, because nobody uses it.</param>
internal readonly record struct WorkerLook(bool Answered, bool CpuMoved, WorkSeen? Work);

/// <param name="Pending">Requests are to be worked on; those whose reader does not read are not among them.</param>
/// <param name="Counter">Steps and heartbeats together.</param>
/// <param name="SlowestPass">The slowest pass there was.</param>
internal readonly record struct WorkSeen(bool Pending, ulong Counter, TimeSpan SlowestPass);

/// <summary>
/// Tells a worker that hangs from one that is busy. It hangs when (a) it does not answer its health check and uses no CPU either, or
/// (b) work is pending and neither steps nor heartbeats move for far longer than any pass has taken. Decides, does nothing.
/// </summary>
internal sealed class HangWatch(WorkerTimes times)
{
    private const int SlowestPasses = 20;
    private ulong _counter;
    private long _movedAt = times.Clock.GetTimestamp();

    /// <summary>Why it is to be replaced; null: it works, or has nothing to do.</summary>
    public string? Judge(WorkerLook look)
    {
        if (look is { Answered: false, CpuMoved: false })
            return $"it has not answered for {times.HealthAnswer.TotalSeconds:0.#} s and uses no CPU: it is frozen or deadlocked";
        if (look.Work is not { Pending: true } work || work.Counter != _counter)
        {
            _counter = look.Work?.Counter ?? _counter;
            _movedAt = times.Clock.GetTimestamp();
            return null;
        }

        var bound = work.SlowestPass * SlowestPasses > times.Wedged ? work.SlowestPass * SlowestPasses : times.Wedged;
        return times.Clock.GetElapsedTime(_movedAt) >= bound
            ? $"it has requests to answer and has not made a step for {bound.TotalSeconds:0.#} s, although it answers its health check"
            : null;
    }
}
