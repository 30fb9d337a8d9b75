namespace Tandem.Plugins.LlamaCpp.Gguf;

/// <summary>Metadata by key; a value of another type than asked for is an error that names the key.</summary>
internal sealed class GgufMetadata
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);
    private long _keptBytes;

    public IEnumerable<string> Keys => _values.Keys;

    public void Add(string key, object? value)
    {
        if (!_values.TryAdd(key, value))
            throw new GgufException("appears twice", key);
    }

    /// <summary>Reads a text, counting all kept texts against one limit.</summary>
    public string Keep(GgufReader reader)
    {
        var text = reader.String(GgufLimits.TextBytes);
        _keptBytes += text.Length;
        return _keptBytes <= GgufLimits.KeptTextBytes
            ? text
            : throw reader.Fault($"brings the metadata's texts above {GgufLimits.KeptTextBytes} characters");
    }

    public string? Text(string key) => Get(key) switch
    {
        null => null,
        string text => text,
        var other => throw Mismatch(key, other, "a text"),
    };

    public long? Integer(string key) => Get(key) switch
    {
        null => null,
        long number => number,
        var other => throw Mismatch(key, other, "an integer"),
    };

    public bool? Flag(string key) => Get(key) switch
    {
        null => null,
        bool flag => flag,
        var other => throw Mismatch(key, other, "true or false"),
    };

    /// <summary>A number per layer: one for all, or an array.</summary>
    public long[]? PerLayer(string key, int layers) => Get(key) switch
    {
        null => null,
        long number => Enumerable.Repeat(number, layers).ToArray(),
        long[] numbers when numbers.Length >= layers => numbers[..layers],
        long[] numbers => throw new GgufException($"has {numbers.Length} numbers for {layers} layers", key),
        var other => throw Mismatch(key, other, "an integer or an array of them"),
    };

    /// <summary>An integer that must be there, between 1 and <paramref name="max"/>.</summary>
    public int Positive(string key, int max)
    {
        var number = Integer(key) ?? throw new GgufException("is missing", key);
        return number >= 1 && number <= max ? (int)number : throw new GgufException($"is {number}, not between 1 and {max}", key);
    }

    private object? Get(string key) => _values.GetValueOrDefault(key);

    private static GgufException Mismatch(string key, object value, string expected) => new($"is of type {Name(value)}, not {expected}", key);

    private static string Name(object value) => value switch
    {
        string => "text",
        long => "integer",
        double => "float",
        bool => "bool",
        _ => "array",
    };
}
