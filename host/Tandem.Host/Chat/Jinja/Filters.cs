namespace Tandem.Host.Chat.Jinja;

internal delegate object? FilterBody(Runtime runtime, object? value, Arguments arguments);

/// <summary>Filters by name; what they do is in TextFilters, NumberFilters and SequenceFilters.</summary>
internal static class Filters
{
    // Filters of Jinja that are not built here: no chat template has a use for them.
    private static readonly HashSet<string> NotBuilt = ["pprint", "random", "urlize"];

    private static readonly Dictionary<string, FilterBody> All =
        new IEnumerable<KeyValuePair<string, FilterBody>>[] { Own(), TextFilters.All, NumberFilters.All, SequenceFilters.All }
            .SelectMany(filters => filters).ToDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => All.ContainsKey(name) || NotBuilt.Contains(name);

    public static object? Apply(Runtime runtime, string name, object? value, Arguments arguments)
    {
        if (All.TryGetValue(name, out var body))
            return body(runtime, value, arguments);
        throw NotBuilt.Contains(name)
            ? TemplateException.Unsupported($"the filter '{name}'")
            : TemplateException.Runtime($"No filter named '{name}' found.");
    }

    private static Dictionary<string, FilterBody> Own() => new(StringComparer.Ordinal)
    {
        ["tojson"] = JsonFormat.Dump,
        ["default"] = Default,
        ["d"] = Default,
        ["length"] = (_, value, _) => Length(value),
        ["count"] = (_, value, _) => Length(value),
        ["attr"] = (runtime, value, arguments) =>
            Members.AttributeOnly(value, TextFormat.ToText(runtime, arguments.Require(0, "name", "attr")).Value),
    };

    private static object? Default(Runtime runtime, object? value, Arguments arguments)
    {
        var replaces = value is Undefined || (Operations.IsTrue(arguments.Get(1, "boolean", false)) && !Operations.IsTrue(value));
        return replaces ? arguments.Get(0, "default_value", Text.Empty) : value;
    }

    private static long Length(object? value) => value switch
    {
        Text text => text.Count,
        List<object?> list => list.Count,
        JinjaDict dict => dict.Count,
        Undefined => 0,
        _ => throw TemplateException.Runtime($"object of type '{Operations.TypeName(value)}' has no len()"),
    };
}
