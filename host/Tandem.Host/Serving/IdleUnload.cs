namespace Tandem.Host.Serving;

/// <summary>Which instances have been idle for too long, and when to look again. Pure.</summary>
internal static class IdleUnload
{
    /// <param name="idle">Instances that nobody uses, with what is left of each one's time; null: it stays.</param>
    /// <returns>Those whose time is over, and the shortest time that is left of the others.</returns>
    public static (IReadOnlyList<T> Over, TimeSpan? Next) Plan<T>(IEnumerable<(T Instance, DateTimeOffset LastUsed, TimeSpan? Ttl)> idle, DateTimeOffset now)
    {
        var over = new List<T>();
        TimeSpan? next = null;
        foreach (var (instance, lastUsed, ttl) in idle)
        {
            if (ttl is not { } bound)
                continue;
            var left = lastUsed + bound - now;
            if (left <= TimeSpan.Zero)
                over.Add(instance);
            else if (next is null || left < next)
                next = left;
        }

        return (over, next);
    }

    /// <summary>How long an instance may be idle; null: for ever. One that a user loaded goes only by a time of its own.</summary>
    public static TimeSpan? TtlOf(ModelSlot slot, ServingOptions options) =>
        slot.Ttl ?? (slot.ByUser || options.IdleTtl == TimeSpan.Zero ? null : options.IdleTtl);
}
