using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>What Python's operators do to the values of a template. Numbers: Arithmetic.</summary>
internal static class Operations
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        Text text => text.Length > 0,
        JinjaDict dict => dict.Count > 0,
        List<object?> list => list.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right)
    {
        if (Number(left) is { } a && Number(right) is { } b)
            return left is double || right is double ? a == b : Big(left) == Big(right);
        return (left, right) switch
        {
            (Text x, Text y) => x.Value == y.Value,
            (JinjaList x, JinjaList y) => AreEqual(x, y),
            (JinjaTuple x, JinjaTuple y) => AreEqual(x, y),
            (JinjaRange x, JinjaRange y) => AreEqual(x, y),
            (JinjaDict x, JinjaDict y) => x.Count == y.Count && x.All(entry => y.TryGetValue(entry.Key, out var other) && AreEqual(entry.Value, other)),
            (Undefined, Undefined) => true,
            _ => ReferenceEquals(left, right),
        };
    }

    private static bool AreEqual(List<object?> left, List<object?> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => AreEqual(pair.First, pair.Second));

    /// <summary>Order of numbers, texts and lists; anything else has none.</summary>
    public static int Compare(object? left, object? right, string operation)
    {
        if (Number(left) is { } a && Number(right) is { } b)
            return left is double || right is double ? a.CompareTo(b) : Big(left)!.Value.CompareTo(Big(right)!.Value);
        if (left is Text x && right is Text y)
            return CompareText(x.Value, y.Value);
        if (left is JinjaList && right is JinjaList || left is JinjaTuple && right is JinjaTuple)
        {
            var (first, second) = ((List<object?>)left, (List<object?>)right);
            foreach (var (one, other) in first.Zip(second))
            {
                if (!AreEqual(one, other))
                    return Compare(one, other, operation);
            }
            return first.Count.CompareTo(second.Count);
        }
        throw Mismatch(left, right, operation);
    }

    public static bool Contains(object? container, object? item) => container switch
    {
        Text text when item is Text part => text.Value.Contains(part.Value, StringComparison.Ordinal),
        Text => throw TemplateException.Runtime($"'in <string>' requires string as left operand, not {TypeName(item)}"),
        JinjaDict dict => dict.ContainsKey(JinjaDict.Key(item)),
        List<object?> or Generator => Iterate(container).Any(entry => AreEqual(entry, item)),
        Undefined => false,
        _ => throw TemplateException.Runtime($"argument of type '{TypeName(container)}' is not iterable"),
    };

    public static object? Binary(Runtime runtime, string operation, object? left, object? right)
    {
        if (operation == "%" && left is Text format)
            return PercentFormat.Apply(runtime, format, right);
        if ((left as Undefined ?? right as Undefined) is { } undefined)
            throw undefined.Fault();
        switch (operation, left, right)
        {
            case ("+", Text x, Text y):
                runtime.ChargeText((long)x.Length + y.Length);
                return x.Add(y);
            case ("+", JinjaList x, JinjaList y):
                runtime.ChargeList((long)x.Count + y.Count);
                return new JinjaList(x.Concat(y));
            case ("+", JinjaTuple x, JinjaTuple y):
                runtime.ChargeList((long)x.Count + y.Count);
                return new JinjaTuple(x.Concat(y));
            case ("*", Text or JinjaList or JinjaTuple, _) when IsWhole(right):
                return Repeat(runtime, left, Whole(right));
            case ("*", _, Text or JinjaList or JinjaTuple) when IsWhole(left):
                return Repeat(runtime, right, Whole(left));
            default:
                return Arithmetic.Compute(operation, left, right) ?? throw Mismatch(left, right, operation);
        }
    }

    public static object Negate(object? value) => value switch
    {
        // As objects, because the numbers must not become one type.
        double number => (object)-number,
        _ when Big(value) is { } whole => Arithmetic.Shrink(-whole),
        Undefined undefined => throw undefined.Fault(),
        _ => throw TemplateException.Runtime($"bad operand type for unary -: '{TypeName(value)}'"),
    };

    /// <summary>The entries a loop would see; the keys of a dict.</summary>
    public static IEnumerable<object?> Iterate(object? value) => value switch
    {
        List<object?> list => list,
        JinjaDict dict => dict.Keys.Select(JinjaDict.FromKey),
        Text text => Characters(text),
        Generator generator => generator.Rest(),
        Undefined => [],
        _ => throw TemplateException.Runtime($"'{TypeName(value)}' object is not iterable"),
    };

    public static bool IsWhole(object? value) => value is long or bool;

    public static long Whole(object? value) => value switch { long number => number, true => 1, _ => 0 };

    /// <summary>A whole number where Python asks for one.</summary>
    public static long Index(object? value) => IsWhole(value)
        ? Whole(value)
        : throw ((value as Undefined)?.Fault() ?? TemplateException.Runtime($"'{TypeName(value)}' object cannot be interpreted as an integer"));

    /// <summary>A whole number of any size; null when the value is none.</summary>
    public static BigInteger? Big(object? value) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        BigInteger number => number,
        _ => null,
    };

    public static double? Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        bool flag => flag ? 1 : 0,
        BigInteger number => (double)number,
        _ => null,
    };

    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        Text => "str",
        JinjaTuple => "tuple",
        JinjaList => "list",
        JinjaDict => "dict",
        JinjaView view => view.Type,
        JinjaRange => "range",
        Generator => "generator",
        Undefined => "Undefined",
        Namespace => "Namespace",
        Function => "function",
        _ => "object",
    };

    /// <summary>By code points: a surrogate pair lies above every single unit.</summary>
    public static int CompareText(string left, string right)
    {
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            if (left[i] != right[i])
                return char.IsSurrogate(left[i]) == char.IsSurrogate(right[i]) ? left[i] - right[i] : char.IsSurrogate(left[i]) ? 1 : -1;
        }
        return left.Length - right.Length;
    }

    private static IEnumerable<object?> Characters(Text text)
    {
        for (var i = 0; i < text.Count; i++)
            yield return text.Between(i, i + 1);
    }

    private static object Repeat(Runtime runtime, object? value, long times)
    {
        times = Math.Clamp(times, 0, int.MaxValue);
        if (value is List<object?> list)
        {
            runtime.ChargeList(times * list.Count);
            var items = Enumerable.Repeat(list, (int)times).SelectMany(all => all);
            return value is JinjaTuple ? new JinjaTuple(items) : new JinjaList(items);
        }
        var text = (Text)value!;
        runtime.ChargeText(times * text.Length);
        var builder = new TextBuilder();
        for (var i = 0; i < times && text.Length > 0; i++)
            builder.Append(text);
        return builder.ToText();
    }

    private static TemplateException Mismatch(object? left, object? right, string operation) => TemplateException.Runtime(
        (left as Undefined ?? right as Undefined)?.Reason
        ?? $"unsupported operand type(s) for {operation}: '{TypeName(left)}' and '{TypeName(right)}'");
}
