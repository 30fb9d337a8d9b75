namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// How many tokens of each prompt the next pass takes. A request that is alone gets a whole physical batch. As soon as a pass serves several
/// requests it is kept to a tenth of a second where the model allows it, so that streams do not stutter and a cancelled request leaves soon;
/// the prompts in it share what the decode steps leave, equally, so that a short prompt never waits for a long one.
/// </summary>
internal sealed class PromptShares(Placement placement, PassCosts costs)
{
    internal const double SharedPassSeconds = 0.1;

    /// <summary>Rows of a pass whose cost is not known yet.</summary>
    private const int FirstChunk = 32;

    /// <summary>Below this, a pass costs nearly as much with one row less: a prompt would crawl for nothing.</summary>
    private const int LeastChunk = 4;

    private readonly List<Slot> _prompts = [];

    /// <summary>Sets <see cref="Slot.Chunk"/> of every slot that is working on its prompt.</summary>
    /// <param name="running">The slots of the pass.</param>
    /// <param name="decodeRows">Rows that decode steps take.</param>
    /// <param name="capacity">Rows the pass can take in all.</param>
    internal void Divide(List<Slot> running, int decodeRows, int capacity)
    {
        _prompts.Clear();
        foreach (var slot in running)
        {
            slot.Chunk = 0;
            if (!slot.Decodes)
                _prompts.Add(slot);
        }
        if (_prompts.Count == 0)
            return;
        var rows = Math.Min(running.Count == 1 ? placement.PhysicalBatchSize : SharedRows(decodeRows), capacity - decodeRows);
        _prompts.Sort(static (one, other) => one.PromptPending.CompareTo(other.PromptPending));
        for (var index = 0; index < _prompts.Count; index++)
        {
            var share = (rows + _prompts.Count - index - 1) / (_prompts.Count - index);
            _prompts[index].Chunk = Math.Min(_prompts[index].PromptPending, share);
            rows -= _prompts[index].Chunk;
        }
    }

    private int SharedRows(int decodeRows)
    {
        if (costs.PromptRow <= 0)
            return FirstChunk * _prompts.Count;
        var fits = (SharedPassSeconds - costs.Estimate(decodeRows)) / costs.PromptRow;
        return (int)Math.Clamp(fits, LeastChunk, placement.PhysicalBatchSize);
    }
}
