namespace Tandem.Host.Chat.Jinja;

/// <summary>Filters over lists, dicts and whatever else a loop could go through.</summary>
internal static class SequenceFilters
{
    public static Dictionary<string, FilterBody> All { get; } = new(StringComparer.Ordinal)
    {
        ["list"] = (runtime, value, _) => new JinjaList(Items(runtime, value)),
        ["items"] = (_, value, _) => value switch
        {
            JinjaDict dict => new Generator(Members.Pairs(dict)),
            Undefined => new Generator([]),
            _ => throw TemplateException.Runtime("Can only get item pairs from a mapping."),
        },
        ["join"] = (runtime, value, arguments) => TextPieces.Join(runtime, TextFormat.ToText(runtime, arguments.Get(0, "d", Text.Empty)),
            new JinjaList(Attributes(runtime, Items(runtime, value), arguments.Get(1, "attribute"))), onlyTexts: false),
        ["first"] = (runtime, value, _) => Items(runtime, value) is [var first, ..] ? first : new Undefined("No first item, sequence was empty."),
        ["last"] = (runtime, value, _) => value is Generator ? throw TemplateException.Runtime("'generator' object is not reversible")
            : Items(runtime, value) is [.., var last] ? last : new Undefined("No last item, sequence was empty."),
        ["min"] = (runtime, value, arguments) => Extreme(runtime, Items(runtime, value), arguments, -1),
        ["max"] = (runtime, value, arguments) => Extreme(runtime, Items(runtime, value), arguments, 1),
        ["sum"] = (runtime, value, arguments) => Attributes(runtime, Items(runtime, value), arguments.Get(0, "attribute"))
            .Aggregate(arguments.Get(1, "start", 0L), (sum, item) => Operations.Binary(runtime, "+", sum, item)),
        ["reverse"] = (runtime, value, _) => Reverse(runtime, value),
        ["unique"] = Unique,
        ["sort"] = (runtime, value, arguments) => Order(Items(runtime, value),
            Keys(runtime, arguments.Get(2, "attribute"), arguments.Get(1, "case_sensitive")), arguments.Get(0, "reverse", false)),
        ["dictsort"] = (runtime, value, arguments) => SortDict(runtime, value, arguments),
        ["groupby"] = GroupBy,
        ["batch"] = Batch,
        ["slice"] = Slice,
        ["map"] = (runtime, value, arguments) => Operations.IsTrue(value) ? new Generator(Map(runtime, value, arguments)) : new Generator([]),
        ["select"] = (runtime, value, arguments) => Choose(runtime, value, arguments, false, true),
        ["reject"] = (runtime, value, arguments) => Choose(runtime, value, arguments, false, false),
        ["selectattr"] = (runtime, value, arguments) => Choose(runtime, value, arguments, true, true),
        ["rejectattr"] = (runtime, value, arguments) => Choose(runtime, value, arguments, true, false),
    };

    private static List<object?> Items(Runtime runtime, object? value)
    {
        var items = Operations.Iterate(value).ToList();
        runtime.ChargeList(items.Count);
        return items;
    }

    private static IEnumerable<object?> Attributes(Runtime runtime, List<object?> items, object? attribute) =>
        attribute is null ? items : items.Select(item => Path(runtime, item, attribute));

    /// <summary><c>a.b.0</c>, as filters name what they look at.</summary>
    private static object? Path(Runtime runtime, object? item, object? path, object? byDefault = null)
    {
        foreach (var part in path is Text text ? text.Value.Split('.').Select(Part) : [path])
        {
            item = Members.Item(runtime, item, part);
            if (item is Undefined && byDefault is not null)
                item = byDefault;
        }
        return item;

        static object? Part(string part) => part.Length > 0 && part.All(char.IsAsciiDigit) && long.TryParse(part, out var index) ? index : Text.FromTemplate(part);
    }

    /// <summary>What is compared: the item or an attribute of it (several with commas), letters of one case unless that matters.</summary>
    private static Func<object?, object?> Keys(Runtime runtime, object? attribute, object? caseSensitive)
    {
        var sensitive = Operations.IsTrue(caseSensitive);
        object? Fold(object? value) => value is Text text && !sensitive ? text.Map(PythonText.Lower) : value;
        return attribute switch
        {
            null => Fold,
            Text names when names.Value.Contains(',', StringComparison.Ordinal) => item => new JinjaList(
                names.Value.Split(',').Select(name => Fold(Path(runtime, item, Text.FromTemplate(name))))),
            _ => item => Fold(Path(runtime, item, attribute)),
        };
    }

    private static object? Extreme(Runtime runtime, List<object?> items, Arguments arguments, int sign)
    {
        if (items.Count == 0)
            return new Undefined("No aggregated item, sequence was empty.");
        var key = Keys(runtime, arguments.Get(1, "attribute"), arguments.Get(0, "case_sensitive"));
        return items.Aggregate((best, item) => Math.Sign(Operations.Compare(key(item), key(best), "<")) == sign ? item : best);
    }

    private static object? Reverse(Runtime runtime, object? value)
    {
        if (value is Generator)
            throw TemplateException.Runtime("argument must be iterable");
        var items = Items(runtime, value);
        items.Reverse();
        return value is Text ? items.Aggregate(Text.Empty, (text, item) => text.Concat((Text)item!)) : new Generator(items);
    }

    private static Generator Unique(Runtime runtime, object? value, Arguments arguments)
    {
        var key = Keys(runtime, arguments.Get(1, "attribute"), arguments.Get(0, "case_sensitive"));
        var seen = new HashSet<object>(ValueComparer.Instance);
        return new Generator(Items(runtime, value).Where(item => seen.Add(JinjaDict.Key(key(item)))));
    }

    private static JinjaList SortDict(Runtime runtime, object? value, Arguments arguments)
    {
        if (value is not JinjaDict dict)
            throw (value as Undefined)?.Fault() ?? TemplateException.Runtime($"'{Operations.TypeName(value)}' object has no attribute 'items'");
        var place = (arguments.Get(1, "by", Text.FromTemplate("key")) as Text)?.Value switch
        {
            "key" => 0L,
            "value" => 1L,
            _ => throw TemplateException.Runtime("You can only sort by either \"key\" or \"value\""),
        };
        return Order(Members.Pairs(dict), Keys(runtime, place, arguments.Get(0, "case_sensitive")), arguments.Get(2, "reverse", false));
    }

    private static JinjaList Order(List<object?> items, Func<object?, object?> key, object? reverse)
    {
        var comparer = Comparer<object?>.Create((left, right) => Operations.Compare(left, right, "<"));
        try
        {
            return new JinjaList(Operations.IsTrue(reverse) ? items.OrderByDescending(key, comparer) : items.OrderBy(key, comparer));
        }
        catch (InvalidOperationException exception) when (exception.InnerException is TemplateException inner)
        {
            throw inner;
        }
    }

    private static JinjaList GroupBy(Runtime runtime, object? value, Arguments arguments)
    {
        var attribute = arguments.Require(0, "attribute", "groupby");
        var byDefault = arguments.Get(1, "default");
        object? Raw(object? item) => Path(runtime, item, attribute, byDefault);
        object? Key(object? item) => Keys(runtime, null, arguments.Get(2, "case_sensitive"))(Raw(item));
        var groups = new JinjaList([]);
        object? last = null;
        foreach (var item in Order(Items(runtime, value), Key, false))
        {
            var key = Key(item);
            if (groups.Count == 0 || !Operations.AreEqual(last, key))
                groups.Add(new JinjaTuple([Raw(item), new JinjaList([])], isGroup: true));
            last = key;
            ((JinjaList)((JinjaTuple)groups[^1]!)[1]!).Add(item);
        }
        return groups;
    }

    private static Generator Batch(Runtime runtime, object? value, Arguments arguments)
    {
        var size = (int)Math.Clamp(Operations.Index(arguments.Require(0, "linecount", "batch")), 1, int.MaxValue);
        var fill = arguments.Get(1, "fill_with");
        return new Generator(Items(runtime, value).Chunk(size).Select(chunk => (object?)new JinjaList(
            fill is null ? chunk : chunk.Concat(Enumerable.Repeat(fill, Missing(runtime, size - chunk.Length))))));
    }

    private static Generator Slice(Runtime runtime, object? value, Arguments arguments)
    {
        var slices = (int)Math.Clamp(Operations.Index(arguments.Require(0, "slices", "slice")), 1, 100_000);
        var fill = arguments.Get(1, "fill_with");
        var items = Items(runtime, value);
        var (size, longer) = (items.Count / slices, items.Count % slices);
        return new Generator(Enumerable.Range(0, slices).Select(i =>
        {
            var part = items.Skip((i * size) + Math.Min(i, longer)).Take(size + (i < longer ? 1 : 0));
            return (object?)new JinjaList(fill is null || i < longer ? part : part.Append(fill));
        }));
    }

    private static int Missing(Runtime runtime, int count)
    {
        runtime.ChargeList(count);
        return count;
    }

    private static IEnumerable<object?> Map(Runtime runtime, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
        {
            if (arguments.Named.Keys.FirstOrDefault(name => name is not ("attribute" or "default")) is { } unknown)
                throw TemplateException.Runtime($"Unexpected keyword argument '{unknown}'");
            return Operations.Iterate(value).Select(item => Path(runtime, item, attribute, arguments.Named.GetValueOrDefault("default")));
        }
        if (arguments.Positional.Count == 0)
            throw TemplateException.Runtime("map requires a filter argument");
        var name = TextFormat.ToText(runtime, arguments.Positional[0]).Value;
        var rest = new Arguments(arguments.Positional[1..], arguments.Named);
        if (!Filters.IsKnown(name))
            throw TemplateException.Runtime($"No filter named '{name}'.");
        return Operations.Iterate(value).Select(item => Filters.Apply(runtime, name, item, rest));
    }

    private static Generator Choose(Runtime runtime, object? value, Arguments arguments, bool byAttribute, bool keep)
    {
        // Where Python's filters choose from nothing, they do not ask what nothing it is.
        if (!Operations.IsTrue(value))
            return new Generator([]);
        var skip = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < skip)
            throw TemplateException.Runtime("Missing parameter for attribute name");
        var attribute = byAttribute ? arguments.Positional[0] : null;
        var test = skip < arguments.Positional.Count ? TextFormat.ToText(runtime, arguments.Positional[skip]).Value : null;
        var rest = test is null ? Arguments.None : new Arguments(arguments.Positional[(skip + 1)..], arguments.Named);
        return new Generator(Lazily());

        IEnumerable<object?> Lazily()
        {
            if (test is not null && !Tests.IsKnown(test))
                throw TemplateException.Runtime($"No test named '{test}'.");
            foreach (var item in Operations.Iterate(value))
            {
                var looked = byAttribute ? Path(runtime, item, attribute) : item;
                if ((test is null ? Operations.IsTrue(looked) : Tests.Check(test, looked, rest)) == keep)
                    yield return item;
            }
        }
    }
}
