namespace Tandem.Host.Chat.Jinja;

/// <summary>Attributes, entries and slices of values.</summary>
internal static class Members
{
    private static readonly HashSet<string> ChangesList = ["append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear"];
    private static readonly HashSet<string> ChangesDict = ["pop", "popitem", "update", "setdefault", "clear"];

    /// <summary><c>value.name</c>: an attribute first, then an entry, as Jinja has it.</summary>
    public static object? Attribute(Runtime runtime, object? value, string name)
    {
        if (value is Undefined undefined)
            throw undefined.Fault();
        return Own(value, name) ?? value switch
        {
            // A namespace gives what it has, none too.
            Namespace space when space.Values.ContainsKey(name) => null,
            JinjaDict dict when dict.TryGetValue(Text.FromTemplate(name), out var entry) => entry,
            _ => new Undefined($"'{Operations.TypeName(value)} object' has no attribute '{name}'"),
        };
    }

    /// <summary>The filter <c>attr</c>: attributes only, no entries.</summary>
    public static object? AttributeOnly(object? value, string name)
    {
        if (value is Undefined undefined)
            throw undefined.Fault();
        return Own(value, name) ?? new Undefined($"'{Operations.TypeName(value)} object' has no attribute '{name}'");
    }

    /// <summary><c>value[index]</c>: an entry first, then an attribute.</summary>
    public static object? Item(Runtime runtime, object? value, object? index)
    {
        switch (value)
        {
            case Undefined undefined:
                throw undefined.Fault();
            case JinjaDict dict when index is not (JinjaList or JinjaDict) && dict.TryGetValue(JinjaDict.Key(index), out var entry):
                return entry;
            case JinjaList or JinjaTuple or JinjaRange when Operations.IsWhole(index):
                var list = (List<object?>)value;
                var place = Place(Operations.Whole(index), list.Count);
                return place < 0 ? new Undefined($"{Operations.TypeName(value)} object has no element {Operations.Whole(index)}") : list[place];
            case Text text when Operations.IsWhole(index):
                var at = Place(Operations.Whole(index), text.Count);
                return at < 0 ? new Undefined($"str object has no element {Operations.Whole(index)}") : text.Between(at, at + 1);
            case not null when index is Text name:
                return Own(value, name.Value) ?? new Undefined($"'{Operations.TypeName(value)} object' has no attribute '{name.Value}'");
            default:
                return new Undefined($"'{Operations.TypeName(value)} object' has no element '{Operations.TypeName(index)}'");
        }
    }

    public static object? Slice(Runtime runtime, object? value, long? start, long? stop, long? step)
    {
        var length = value switch
        {
            Text text => text.Count,
            JinjaList or JinjaTuple or JinjaRange => ((List<object?>)value).Count,
            Undefined undefined => throw undefined.Fault(),
            _ => throw TemplateException.Runtime($"'{Operations.TypeName(value)}' object cannot be sliced"),
        };
        var stride = step ?? 1;
        if (stride == 0)
            throw TemplateException.Runtime("slice step cannot be zero");
        var (low, high) = stride > 0 ? (0L, (long)length) : (-1L, length - 1L);
        var first = start is null ? (stride > 0 ? low : high) : Math.Clamp(start < 0 ? start.Value + length : start.Value, low, high);
        var last = stop is null ? (stride > 0 ? high : low) : Math.Clamp(stop < 0 ? stop.Value + length : stop.Value, low, high);
        if (value is Text whole && stride == 1)
        {
            runtime.ChargeText(Math.Max(0, last - first));
            return whole.Between((int)first, (int)last);
        }
        var places = new List<int>();
        for (var i = first; stride > 0 ? i < last : i > last; i += stride)
            places.Add((int)i);
        runtime.Charge(places.Count);
        return Pick(value, places, first, last, stride);
    }

    public static JinjaList Pairs(JinjaDict dict) => new(Tuples(dict));

    /// <summary>A dict as named arguments.</summary>
    public static Dictionary<string, object?> Named(object? value) => value is JinjaDict dict && dict.Keys.All(key => key is Text)
        ? dict.ToDictionary(entry => ((Text)entry.Key).Value, entry => entry.Value)
        : throw TemplateException.Runtime("argument after ** must be a mapping with texts as keys");

    private static IEnumerable<object?> Tuples(JinjaDict dict) =>
        dict.Select(entry => (object?)new JinjaTuple([JinjaDict.FromKey(entry.Key), entry.Value]));

    /// <summary>What a value has by a name without being asked for its entries; null when it has nothing.</summary>
    private static object? Own(object? value, string name) => value switch
    {
        // The sandbox of chat templates forbids both.
        JinjaDict when ChangesDict.Contains(name) => throw Unsafe(value, name),
        JinjaList when ChangesList.Contains(name) => throw Unsafe(value, name),
        _ when name.StartsWith("__", StringComparison.Ordinal) => value is null ? null : new Undefined($"access to attribute '{name}' is unsafe"),
        Namespace space => space.Values.GetValueOrDefault(name),
        LoopState loop => loop.Get(name),
        Function function => function.Attributes?.Invoke(name),
        Text text => TextMethods.Find(text, name),
        JinjaDict dict => DictMethod(dict, name),
        JinjaTuple { IsGroup: true } group when name is "grouper" or "list" => group[name == "list" ? 1 : 0],
        List<object?> list when name is "index" or "count" && list is not JinjaView => ListMethod(list, name),
        JinjaList list when name == "copy" => new Function(name, (_, _) => new JinjaList(list)),
        double number when name == "is_integer" => new Function(name, (_, _) => number == Math.Floor(number)),
        _ when Operations.Big(value) is { } whole => name switch
        {
            "real" or "numerator" => Arithmetic.Shrink(whole),
            "imag" => 0L,
            "denominator" => 1L,
            "bit_length" => new Function(name, (_, _) => System.Numerics.BigInteger.Abs(whole).GetBitLength()),
            _ => null,
        },
        _ => null,
    };

    private static TemplateException Unsafe(object? value, string name) =>
        TemplateException.Runtime($"access to attribute '{name}' of '{Operations.TypeName(value)}' object is unsafe");

    private static object? Pick(object? value, List<int> places, long first, long last, long stride)
    {
        if (value is Text text)
        {
            var output = new TextBuilder();
            places.ForEach(place => output.Append(text.Between(place, place + 1)));
            return output.ToText();
        }
        var items = places.Select(place => ((List<object?>)value!)[place]);
        return value switch
        {
            JinjaTuple => new JinjaTuple(items),
            JinjaRange range => range.Slice(first, last, stride, items),
            _ => new JinjaList(items),
        };
    }

    private static int Place(long index, int length)
    {
        var place = index < 0 ? index + length : index;
        return place >= 0 && place < length ? (int)place : -1;
    }

    private static Function? DictMethod(JinjaDict dict, string name) => name switch
    {
        "items" => new Function(name, (_, _) => new JinjaView("dict_items", Tuples(dict))),
        "keys" => new Function(name, (_, _) => new JinjaView("dict_keys", dict.Keys.Select(JinjaDict.FromKey))),
        "values" => new Function(name, (_, _) => new JinjaView("dict_values", dict.Values)),
        "get" => new Function(name, (_, arguments) => dict.TryGetValue(JinjaDict.Key(arguments.Require(0, "key", name)), out var value)
            ? value
            : arguments.Get(1, "default")),
        "copy" => new Function(name, (_, _) => new JinjaDict(dict)),
        _ => null,
    };

    private static Function ListMethod(List<object?> list, string name) => new(name, (runtime, arguments) =>
    {
        var wanted = arguments.Require(0, "value", name);
        runtime.Charge(list.Count);
        if (name == "count")
            return (long)list.Count(item => Operations.AreEqual(item, wanted));
        var index = list.FindIndex(item => Operations.AreEqual(item, wanted));
        return index >= 0 ? (long)index : throw TemplateException.Runtime("the value is not in the list");
    });
}
