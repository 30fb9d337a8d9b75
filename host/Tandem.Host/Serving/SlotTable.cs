using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>The instances by name, and what readers on other threads see of them. Part of the server's loop.</summary>
internal sealed class SlotTable(ServingTools tools)
{
    private readonly Dictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    private volatile InstanceSnapshot[] _snapshots = [];

    public IReadOnlyDictionary<string, ModelSlot> ById => _slots;

    public IReadOnlyCollection<ModelSlot> All => _slots.Values;

    /// <summary>For readers on any thread.</summary>
    public IReadOnlyList<InstanceSnapshot> Snapshots => _snapshots;

    /// <summary>A new one where there is none of this name.</summary>
    public ModelSlot Called(string instanceId, string modelKey)
    {
        if (!_slots.TryGetValue(instanceId, out var slot))
            _slots[instanceId] = slot = new ModelSlot(instanceId, modelKey);
        return slot;
    }

    /// <summary>Null: the worker has been replaced, or its instance is gone.</summary>
    public ModelSlot? Of(WorkerOwner owner) =>
        _slots.GetValueOrDefault(owner.Plan.Order.InstanceId) is { } slot && slot.Owner == owner ? slot : null;

    /// <summary>Shows readers and listeners what has changed, and forgets instances of which nothing is left.</summary>
    public void Publish()
    {
        foreach (var slot in _slots.Values.Where(slot => slot.IsEmpty && (slot.Crashes == CrashHistory.None || slot.InstanceId != slot.ModelKey)).ToList())
            _slots.Remove(slot.InstanceId);
        var options = tools.Options();
        var before = _snapshots.ToDictionary(instance => instance.InstanceId);
        InstanceSnapshot[] now = [.. _slots.Values.Select(slot => slot.Snapshot(options)).OrderBy(instance => instance.InstanceId, StringComparer.Ordinal)];
        _snapshots = now;
        foreach (var instance in now)
        {
            if (!before.Remove(instance.InstanceId, out var old) || old != instance)
                tools.OnChange(instance);
        }

        foreach (var gone in before.Values)
            tools.OnChange(gone with { Worker = null, Leases = 0, Waiting = 0, LastFault = null, Gone = true });
    }
}
