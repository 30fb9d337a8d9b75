using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>What the server's loop knows of one instance: its worker, who waits for it, who uses it. Touched by the loop alone.</summary>
internal sealed class ModelSlot(string instanceId, string modelKey)
{
    private readonly Dictionary<string, Failure> _draftFailures = [];

    public string InstanceId => instanceId;

    public string ModelKey => modelKey;

    /// <summary>First come, first served, but for those who wait for a draft: they let others pass.</summary>
    public LinkedList<Waiter> Waiters { get; } = [];

    /// <summary>Null while there is none; a fresh one for every start.</summary>
    public WorkerOwner? Owner { get; private set; }

    /// <summary>What is loaded, or is to be.</summary>
    public LoadRequest? Wanted { get; set; }

    /// <summary>Loaded by a user.</summary>
    public bool ByUser { get; set; }

    /// <summary>A worker is wanted although nobody waits: the one that a user loaded has crashed.</summary>
    public bool Restart { get; set; }

    /// <summary>Set by a request or by the load; null: the default of its kind.</summary>
    public TimeSpan? Ttl { get; set; }

    public int Leases { get; set; }

    /// <summary>Of these, the ones that use the draft.</summary>
    public int DraftLeases { get; set; }

    /// <summary>Between the decision to start and the start: others are being unloaded.</summary>
    public bool MakingRoom { get; set; }

    /// <summary>The worker is taking another draft; who wants one waits until that has ended.</summary>
    public bool ChangingDraft { get; set; }

    /// <summary>The worker was told to stop: it gets no more leases, whatever its snapshot still says.</summary>
    public bool Leaving { get; private set; }

    public DateTimeOffset LastUsed { get; set; }

    /// <summary>Memory it is expected to take; 0: not known.</summary>
    public long Bytes { get; set; }

    public CrashHistory Crashes { get; set; } = CrashHistory.None;

    public int Restarts { get; set; }

    public Failure? LastFault { get; private set; }

    public DateTimeOffset? LastFaultAt { get; private set; }

    public bool IsIdle => Owner is { Snapshot.Serves: true } && !Leaving && Leases == 0 && Waiters.Count == 0 && !ChangingDraft;

    public RunningModel Running => new(InstanceId, IsIdle, ByUser, LastUsed, Bytes);

    /// <summary>There is nothing of it but its name.</summary>
    public bool IsEmpty => Owner is null && Waiters.Count == 0 && !MakingRoom && !Restart;

    /// <summary>Why a draft could not be attached to this worker; asked once per worker, not once per request.</summary>
    public Failure? DraftFailure(string draftKey) => _draftFailures.GetValueOrDefault(draftKey);

    public void RememberDraftFailure(string draftKey, Failure failure) => _draftFailures[draftKey] = failure;

    public void RememberFault(Failure failure, DateTimeOffset now) => (LastFault, LastFaultAt) = (failure, now);

    public void Replace(WorkerOwner? owner)
    {
        Owner = owner;
        (Leases, DraftLeases) = (0, 0);
        ChangingDraft = false;
        Leaving = false;
        _draftFailures.Clear();
    }

    /// <summary>The worker has stopped because it was asked to: the next load begins afresh.</summary>
    public void Forget()
    {
        Replace(null);
        (ByUser, Restart, Ttl, Restarts) = (false, false, null, 0);
        (LastFault, LastFaultAt) = (null, null);
    }

    public void Dismiss(StopCause cause)
    {
        Leaving = Owner is not null;
        Owner?.Stop(cause);
    }

    public void Enqueue(Waiter waiter)
    {
        waiter.Slot = this;
        Waiters.AddLast(waiter);
    }

    public void Dequeue(Waiter waiter)
    {
        waiter.Slot = null;
        Waiters.Remove(waiter);
    }

    public void RefuseAll(Failure failure)
    {
        foreach (var waiter in Waiters)
        {
            waiter.Slot = null;
            waiter.Refuse(failure);
        }

        Waiters.Clear();
    }

    public InstanceSnapshot Snapshot(ServingOptions options) => new()
    {
        InstanceId = instanceId,
        ModelKey = modelKey,
        Worker = Owner?.Snapshot,
        ByUser = ByUser,
        Ttl = IdleUnload.TtlOf(this, options),
        LastUsed = LastUsed,
        Waiting = Waiters.Count,
        Leases = Leases,
        Restarts = Restarts,
        LastFault = LastFault,
        LastFaultAt = LastFaultAt,
        RetryAt = Crashes.NotBefore,
        EstimatedBytes = Bytes,
    };
}
