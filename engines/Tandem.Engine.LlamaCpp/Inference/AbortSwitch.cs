namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Whether the running pass is still wanted by anybody. The library asks between the nodes of its graph, on its own thread; the loop names
/// the requests of a turn before its passes run.
/// </summary>
internal sealed class AbortSwitch
{
    private volatile Generation[] _riders = [];
    private volatile bool _isArmed;

    /// <summary>True when the turn serves requests and every one of them is cancelled.</summary>
    internal bool IsOn()
    {
        if (!_isArmed)
            return false;
        var riders = _riders;
        foreach (var rider in riders)
        {
            if (!rider.Cancelled.IsCancellationRequested)
                return false;
        }
        return riders.Length > 0;
    }

    /// <summary>Names the requests of the turn that begins.</summary>
    internal void Arm(List<Slot> running)
    {
        // Most turns serve the same requests as the one before.
        var isSame = running.Count == _riders.Length;
        for (var index = 0; isSame && index < running.Count; index++)
            isSame = ReferenceEquals(running[index].Answer!.Generation, _riders[index]);
        if (!isSame)
            _riders = [.. running.Select(slot => slot.Answer!.Generation)];
        _isArmed = true;
    }

    /// <summary>Passes that run from now on belong to no request and are not aborted.</summary>
    internal void Disarm() => _isArmed = false;
}
