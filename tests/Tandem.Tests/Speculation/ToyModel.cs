namespace Tandem.Tests.Speculation;

/// <summary>A language model of a few tokens: random logits for every pair of last tokens, the same for the same seed.</summary>
internal sealed class ToyModel(int vocabularySize, int seed, double spread = 2)
{
    private readonly Dictionary<(int, int), float[]> _rows = [];

    public int VocabularySize => vocabularySize;

    /// <summary>Logits forced onto every row, by token: -inf takes a token away.</summary>
    public IReadOnlyDictionary<int, float> Forced { get; init; } = new Dictionary<int, float>();

    /// <summary>Logits of the token after the given ones.</summary>
    public float[] Row(IReadOnlyList<int> tokens)
    {
        var key = (tokens.Count > 1 ? tokens[^2] : -1, tokens.Count > 0 ? tokens[^1] : -1);
        if (_rows.TryGetValue(key, out var row))
            return row;
        var random = new Random(HashOf(seed, key.Item1, key.Item2));
        row = [.. Enumerable.Range(0, vocabularySize).Select(_ => (float)((random.NextDouble() - 0.5) * 2 * spread))];
        foreach (var (token, logit) in Forced)
            row[token] = logit;
        return _rows[key] = row;
    }

    private static int HashOf(int seed, int first, int second) => (seed * 7919) + (first * 101) + (second * 13) + 17;
}
