using System.Collections.Concurrent;

namespace Tandem.Plugins;

/// <summary>
/// Vocabularies that were parsed already, by a hash over the bytes they were parsed from, so that a plugin parses the tokenizer that a
/// hundred files share once. Held weakly: whoever uses a vocabulary keeps it. Safe from all threads.
/// </summary>
public sealed class VocabularyCache
{
    private const int Most = 1024;
    private readonly ConcurrentDictionary<string, WeakReference<Vocabulary>> _known = new(StringComparer.Ordinal);

    /// <summary>Null when these bytes have not been parsed, or nobody uses the vocabulary any more.</summary>
    public Vocabulary? Find(string hash) => _known.GetValueOrDefault(hash) is { } weak && weak.TryGetTarget(out var vocabulary) ? vocabulary : null;

    public void Add(string hash, Vocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        if (_known.Count >= Most)
            _known.Clear();
        _known[hash] = new WeakReference<Vocabulary>(vocabulary);
    }
}
