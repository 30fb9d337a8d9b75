namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>Figures that the loop alone writes and any thread may read.</summary>
internal sealed class LoopCounters
{
    private long _steps;
    private long _heartbeats;
    private long _finished;
    private long _emitted;
    private long _promptProcessed;
    private long _promptCached;
    private int _waiting;

    /// <summary>Main passes.</summary>
    internal ulong Steps => (ulong)Volatile.Read(ref _steps);

    /// <summary>Turns of the loop, idle ones included.</summary>
    internal ulong Heartbeats => (ulong)Volatile.Read(ref _heartbeats);
    internal ulong Finished => (ulong)Volatile.Read(ref _finished);
    internal ulong Emitted => (ulong)Volatile.Read(ref _emitted);
    internal ulong PromptProcessed => (ulong)Volatile.Read(ref _promptProcessed);
    internal ulong PromptCached => (ulong)Volatile.Read(ref _promptCached);
    internal int Waiting => Volatile.Read(ref _waiting);

    internal void AddStep() => Volatile.Write(ref _steps, _steps + 1);

    internal void AddHeartbeat() => Volatile.Write(ref _heartbeats, _heartbeats + 1);

    internal void AddFinished() => Volatile.Write(ref _finished, _finished + 1);

    internal void AddEmitted(int tokens) => Volatile.Write(ref _emitted, _emitted + tokens);

    internal void AddPrompt(int processed, int cached)
    {
        Volatile.Write(ref _promptProcessed, _promptProcessed + processed);
        Volatile.Write(ref _promptCached, _promptCached + cached);
    }

    internal void SetWaiting(int requests) => Volatile.Write(ref _waiting, requests);
}
