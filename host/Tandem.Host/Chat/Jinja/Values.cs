using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tandem.Host.Chat.Jinja;

// A value is null (none), bool, long, BigInteger (a whole number beyond 64 bits: shown and compared, not computed with), double, Text,
// JinjaList, JinjaTuple, JinjaDict, JinjaView, JinjaRange, Generator, Undefined, Namespace, LoopState or Function.

/// <summary>A name or entry that is not there. It prints as nothing and ends the rendering when anything else is done with it.</summary>
internal sealed record Undefined(string Reason)
{
    public TemplateException Fault() => TemplateException.Runtime(Reason);
}

internal sealed class JinjaList(IEnumerable<object?> items) : List<object?>(items);

/// <param name="isGroup">One of <c>groupby</c>, whose places also have names.</param>
internal sealed class JinjaTuple(IEnumerable<object?> items, bool isGroup = false) : List<object?>(items)
{
    public bool IsGroup => isGroup;
}

/// <summary>What <c>keys()</c>, <c>values()</c> and <c>items()</c> give: a collection without places, named as Python names it.</summary>
internal sealed class JinjaView(string type, IEnumerable<object?> items) : List<object?>(items)
{
    public string Type => type;
}

/// <summary>What <c>range()</c> gives.</summary>
internal sealed class JinjaRange(long start, long stop, long step, IEnumerable<object?> items) : List<object?>(items)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"range({start}, {stop}{(step == 1 ? "" : $", {step}")})");

    public JinjaRange Slice(long first, long last, long stride, IEnumerable<object?> items) =>
        new(start + (first * step), start + (last * step), step * stride, items);
}

/// <summary>What <c>map</c>, <c>select</c> and their like give: values made while they are asked for, once.</summary>
internal sealed class Generator(IEnumerable<object?> items)
{
    private readonly IEnumerator<object?> _items = items.GetEnumerator();

    public IEnumerable<object?> Rest()
    {
        while (_items.MoveNext())
            yield return _items.Current;
    }
}

/// <summary>Keys in order of insertion; equal as Python has it (1 and 1.0 are one key).</summary>
internal sealed class JinjaDict() : OrderedDictionary<object, object?>(ValueComparer.Instance)
{
    public JinjaDict(JinjaDict source)
        : this()
    {
        foreach (var (key, value) in source)
            this[key] = value;
    }

    /// <summary>None cannot be an <c>object</c> key of a dictionary as it is; it gets a stand-in.</summary>
    public static object Key(object? value) => value ?? NoneKey.Instance;

    public static object? FromKey(object key) => key is NoneKey ? null : key;

    private sealed class NoneKey
    {
        public static readonly NoneKey Instance = new();
    }
}

/// <summary><c>namespace(…)</c>: the one thing a template can change from inside a loop.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}

/// <summary>Arguments of a call.</summary>
internal sealed record Arguments(List<object?> Positional, Dictionary<string, object?> Named)
{
    public static Arguments None { get; } = new([], []);

    /// <summary>An argument by place or name; <paramref name="byDefault"/> when it is not given.</summary>
    public object? Get(int index, string name, object? byDefault = null) =>
        index < Positional.Count ? Positional[index] : Named.TryGetValue(name, out var value) ? value : byDefault;

    public object? Require(int index, string name, string function) => index < Positional.Count || Named.ContainsKey(name)
        ? Get(index, name)
        : throw TemplateException.Runtime($"{function}() needs an argument '{name}'");

    /// <summary>Refuses more positional arguments than the function has.</summary>
    public void AtMost(int count, string function)
    {
        if (Positional.Count > count)
            throw TemplateException.Runtime($"{function}() takes at most {count} arguments, {Positional.Count} are given");
    }
}

/// <summary>Anything a template can call.</summary>
internal sealed class Function(string name, Func<Runtime, Arguments, object?> body)
{
    public string Name => name;

    /// <summary>Attributes of the function itself: a macro's name and arguments, a cycler's <c>next</c>.</summary>
    public Func<string, object?>? Attributes { get; init; }

    public object? Call(Runtime runtime, Arguments arguments) => body(runtime, arguments);
}

internal sealed class ValueComparer : IEqualityComparer<object>
{
    public static readonly ValueComparer Instance = new();

    public new bool Equals(object? x, object? y) => Operations.AreEqual(x, y);

    public int GetHashCode(object obj) => obj switch
    {
        bool flag => flag ? 1L.GetHashCode() : 0L.GetHashCode(),
        long number => number.GetHashCode(),
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e18 => ((long)number).GetHashCode(),
        JinjaList or JinjaDict => throw TemplateException.Runtime($"unhashable type: '{Operations.TypeName(obj)}'"),
        JinjaTuple tuple => tuple.Sum(item => item is null ? 0 : GetHashCode(item) / 2),
        _ => obj.GetHashCode(),
    };
}

/// <summary>Turns JSON, as messages and tools come, into values. All texts are data.</summary>
internal static class ValueConverter
{
    private const int MaxDepth = 100;

    public static object? FromJson(JsonNode? node, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new TemplateException(TemplateFault.Limit, $"an argument nests deeper than {MaxDepth} levels");
        return node switch
        {
            null => null,
            JsonArray array => new JinjaList(array.Select(item => FromJson(item, depth + 1))),
            JsonObject properties => FromProperties(properties, depth),
            JsonValue value => FromScalar(value),
            _ => null,
        };
    }

    private static JinjaDict FromProperties(JsonObject properties, int depth)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in properties)
            dict[Text.FromData(key)] = FromJson(value, depth + 1);
        return dict;
    }

    private static object? FromScalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.String => Text.FromData(value.GetValue<string>()),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => FromNumber(value.ToJsonString()),
        _ => null,
    };

    private static object FromNumber(string digits)
    {
        const int longestWhole = 400;
        if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return digits.Length <= longestWhole && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var big)
            ? big
            : double.Parse(digits, CultureInfo.InvariantCulture);
    }
}
