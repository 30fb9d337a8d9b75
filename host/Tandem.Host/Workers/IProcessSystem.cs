namespace Tandem.Host.Workers;

/// <summary>What the supervisor needs of the operating system to end workers and to recognise them: one implementation per system.</summary>
/// <remarks>A worker is the leader of its own process group, so a group has the pid of its worker.</remarks>
public interface IProcessSystem
{
    /// <summary>Asks a process and its group to end.</summary>
    void Terminate(int pid);

    /// <summary>Ends a process and its group at once.</summary>
    void Kill(int pid);

    /// <summary>True while a process of the group lives; those that are dead and only not yet reaped do not count.</summary>
    bool IsGroupAlive(int pid);

    /// <summary>
    /// When a process started, in a form that is comparable on this machine only; with the pid it names one process for ever.
    /// Null when there is no such process.
    /// </summary>
    string? StartTimeOf(int pid);

    /// <summary>Its program, absolute; null when it cannot be told (it is gone, dead and not reaped, or somebody else's).</summary>
    string? ExecutableOf(int pid);

    /// <summary>Bytes it has read from disk so far; null when it cannot be told.</summary>
    long? BytesReadBy(int pid);

    /// <summary>CPU time it has used so far; null when it cannot be told.</summary>
    TimeSpan? CpuTimeOf(int pid);

    /// <summary>Memory that is its own: not shared and not mapped from files. Null when it cannot be told.</summary>
    long? PrivateBytesOf(int pid);
}
