namespace Tandem.Host.Workers;

/// <summary>The last lines that a child wrote: bounded in number, each bounded in length by <see cref="LineReader"/>.</summary>
internal sealed class LogRing
{
    private const int Capacity = 2000;
    private readonly Queue<string> _lines = new(Capacity);
    // Two pipes write, anybody reads: too small for an owner of its own.
    private readonly Lock _lock = new();

    public void Add(string line)
    {
        lock (_lock)
        {
            if (_lines.Count == Capacity)
                _lines.Dequeue();
            _lines.Enqueue(line);
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<string> Last(int count)
    {
        lock (_lock)
            return [.. _lines.Skip(_lines.Count - count)];
    }
}
