namespace Tandem.Host.Workers;

/// <summary>Waits for the end of a process group, of which the system sends no notice.</summary>
internal static class GroupWait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(15);

    /// <summary>False when a member still lives after <paramref name="bound"/>.</summary>
    public static async Task<bool> UntilGoneAsync(
        IProcessSystem processes, int group, TimeSpan bound, TimeProvider clock, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        while (processes.IsGroupAlive(group))
        {
            if (clock.GetElapsedTime(start) >= bound)
                return false;
            await Task.Delay(Interval, clock, cancellationToken);
        }

        return true;
    }
}
