using System.Collections.Concurrent;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>Where vocabularies outlive the process, by fingerprint.</summary>
public interface IVocabularyArchive
{
    Vocabulary? Find(string fingerprint);

    /// <summary>False when it could not be kept.</summary>
    bool Add(Vocabulary vocabulary);
}

/// <summary>
/// Token texts by fingerprint, one of each. What the archive has is held weakly: it is needed to compare two vocabularies for the first
/// time and to give reasons, and a hundred of them are 150 MB. Safe from all threads.
/// </summary>
public sealed class VocabularyStore(IVocabularyArchive? archive) : IVocabularySource
{
    private readonly ConcurrentDictionary<string, Entry> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Vocabulary? Find(string fingerprint)
    {
        if (_known.GetValueOrDefault(fingerprint)?.Target is { } known)
            return known;
        if (archive?.Find(fingerprint) is not { } read)
            return null;
        _known[fingerprint] = new Entry(read, Strong: null);
        return read;
    }

    /// <summary>Keeps a vocabulary unless it is known.</summary>
    public void Add(Vocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        if (_known.GetValueOrDefault(vocabulary.Fingerprint)?.Target is null)
            _known[vocabulary.Fingerprint] = new Entry(vocabulary, archive?.Add(vocabulary) == true ? null : vocabulary);
    }

    private sealed class Entry(Vocabulary vocabulary, Vocabulary? Strong)
    {
        private readonly WeakReference<Vocabulary> _weak = new(vocabulary);

        public Vocabulary? Target => Strong ?? (_weak.TryGetTarget(out var target) ? target : null);
    }
}
