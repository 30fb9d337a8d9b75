namespace Tandem.Host.Serving;

/// <summary>A loaded instance as the decision sees it.</summary>
/// <param name="Idle">Serves and has neither leases nor waiters: only such a one may go.</param>
/// <param name="ByUser">A user loaded it: it stays.</param>
/// <param name="Bytes">Memory it gives back.</param>
internal readonly record struct RunningModel(string InstanceId, bool Idle, bool ByUser, DateTimeOffset LastUsed, long Bytes);

/// <summary>Who is to be loaded.</summary>
/// <param name="Bytes">Memory it takes; 0: not known, or not to be checked.</param>
internal readonly record struct WantedModel(string InstanceId, bool ByUser, long Bytes);

/// <param name="Going">Instances to unload first, least recently used first.</param>
/// <param name="MissingBytes">What would still be missing; then nobody goes.</param>
internal readonly record struct EvictionPlan(IReadOnlyList<string> Going, long MissingBytes);

/// <summary>Which instances make room. Pure.</summary>
internal static class Eviction
{
    /// <summary>
    /// Of the idle instances that were loaded on demand: before another is loaded on demand as many go as it takes to leave at most
    /// <paramref name="kept"/> unused, the new one included; and as many as its memory needs. Busy and loading ones, and those that a user
    /// loaded, never.
    /// </summary>
    /// <param name="kept">0: any number.</param>
    /// <param name="available">Bytes that can be had now.</param>
    public static EvictionPlan Plan(WantedModel wanted, IEnumerable<RunningModel> running, int kept, long available)
    {
        var idle = Unused(running.Where(model => model.InstanceId != wanted.InstanceId));
        var going = wanted.ByUser || kept == 0 ? 0 : Math.Max(0, idle.Count - (kept - 1));
        var free = available + idle.Take(going).Sum(model => model.Bytes);
        for (; free < wanted.Bytes && going < idle.Count; going++)
            free += idle[going].Bytes;
        return free < wanted.Bytes
            ? new EvictionPlan([], wanted.Bytes - free)
            : new EvictionPlan([.. idle.Take(going).Select(model => model.InstanceId)], 0);
    }

    /// <summary>Of the idle instances that were loaded on demand those beyond <paramref name="kept"/>: they were busy when another was loaded.</summary>
    /// <param name="kept">0: any number.</param>
    public static IReadOnlyList<string> Surplus(IEnumerable<RunningModel> running, int kept) =>
        kept == 0 ? [] : [.. Unused(running).SkipLast(kept).Select(model => model.InstanceId)];

    private static List<RunningModel> Unused(IEnumerable<RunningModel> running) =>
        [.. running.Where(model => model.Idle && !model.ByUser).OrderBy(model => model.LastUsed)];
}
