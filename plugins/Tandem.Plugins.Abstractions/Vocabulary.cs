using System.Text;

namespace Tandem.Plugins;

/// <summary>
/// Token texts by id, as the model file spells them, in one block of bytes: a list of 150,000 strings would cost several times as much,
/// and texts are not always valid UTF-8. An id without a token has the empty text. Immutable.
/// </summary>
public sealed class Vocabulary
{
    private readonly byte[] _texts;
    private readonly int[] _ends;

    /// <param name="fingerprint">As in <see cref="TokenizerDescription.Fingerprint"/>.</param>
    /// <param name="texts">The texts, one after the other in id order.</param>
    /// <param name="ends">Where the text of each id ends in <paramref name="texts"/>; never falling, the last one its length.</param>
    public Vocabulary(string fingerprint, byte[] texts, int[] ends)
    {
        ArgumentNullException.ThrowIfNull(fingerprint);
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(ends);
        if (ends.Length > 0 && ends[^1] != texts.Length)
            throw new ArgumentException("The last text must end where the texts end.", nameof(ends));
        (Fingerprint, _texts, _ends) = (fingerprint, texts, ends);
    }

    /// <inheritdoc cref="TokenizerDescription.Fingerprint"/>
    public string Fingerprint { get; }

    /// <summary>Ids are below this.</summary>
    public int Count => _ends.Length;

    /// <summary>The texts, one after the other in id order.</summary>
    public ReadOnlySpan<byte> Texts => _texts;

    /// <summary>Where the text of each id ends in <see cref="Texts"/>.</summary>
    public ReadOnlySpan<int> Ends => _ends;

    /// <summary>The text's bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int id)
    {
        var start = id == 0 ? 0 : _ends[id - 1];
        return _texts.AsSpan(start, _ends[id] - start);
    }

    /// <summary>The text for people; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Text(int id) => Encoding.UTF8.GetString(Bytes(id));

    /// <summary>The first id from <paramref name="start"/> on, below both counts, whose texts differ; -1 when there is none.</summary>
    public int FirstDifference(Vocabulary other, int start)
    {
        ArgumentNullException.ThrowIfNull(other);
        var shared = Math.Min(Count, other.Count);
        for (var id = start; id < shared; id++)
        {
            if (!Bytes(id).SequenceEqual(other.Bytes(id)))
                return id;
        }
        return -1;
    }
}
