namespace Tandem.Host.Chat.Jinja;

/// <summary>What can stand behind <c>is</c>.</summary>
internal static class Tests
{
    private delegate bool Body(object? value, Arguments arguments);

    private static readonly Dictionary<string, Body> All = new(StringComparer.Ordinal)
    {
        ["defined"] = (value, _) => value is not Undefined,
        ["undefined"] = (value, _) => value is Undefined,
        ["none"] = (value, _) => value is null,
        ["string"] = (value, _) => value is Text,
        ["mapping"] = (value, _) => value is JinjaDict,
        ["sequence"] = (value, _) => value is Text or JinjaList or JinjaTuple or JinjaRange or JinjaDict or Undefined,
        ["iterable"] = (value, _) => value is Text or List<object?> or JinjaDict or Undefined or Generator,
        ["number"] = (value, _) => Operations.Number(value) is not null,
        ["integer"] = (value, _) => value is not bool && Operations.Big(value) is not null,
        ["float"] = (value, _) => value is double,
        ["boolean"] = (value, _) => value is bool,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["callable"] = (value, _) => value is Function or Undefined or LoopState,
        ["odd"] = (value, _) => Remainder(value, 2L) is 1L or 1.0,
        ["even"] = (value, _) => Remainder(value, 2L) is 0L or 0.0,
        ["divisibleby"] = (value, arguments) => Remainder(value, arguments.Require(0, "num", "divisibleby")) is 0L or 0.0,
        ["lower"] = (value, _) => PythonText.IsCased(TextOf(value), upper: false),
        ["upper"] = (value, _) => PythonText.IsCased(TextOf(value), upper: true),
        ["escaped"] = (value, _) => value is Text { IsSafe: true },
        ["filter"] = (value, _) => value is Text name && Filters.IsKnown(name.Value),
        ["test"] = (value, _) => value is Text name && IsKnown(name.Value),
        ["in"] = (value, arguments) => Operations.Contains(arguments.Require(0, "seq", "in"), value),
        ["sameas"] = (value, arguments) => IsSame(value, arguments.Require(0, "other", "sameas")),
        ["eq"] = (value, arguments) => Operations.AreEqual(value, Other(arguments)),
        ["ne"] = (value, arguments) => !Operations.AreEqual(value, Other(arguments)),
        ["lt"] = (value, arguments) => Operations.Compare(value, Other(arguments), "<") < 0,
        ["le"] = (value, arguments) => Operations.Compare(value, Other(arguments), "<=") <= 0,
        ["gt"] = (value, arguments) => Operations.Compare(value, Other(arguments), ">") > 0,
        ["ge"] = (value, arguments) => Operations.Compare(value, Other(arguments), ">=") >= 0,
    };

    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["equalto"] = "eq",
        ["=="] = "eq",
        ["!="] = "ne",
        ["lessthan"] = "lt",
        ["<"] = "lt",
        ["<="] = "le",
        ["greaterthan"] = "gt",
        [">"] = "gt",
        [">="] = "ge",
    };

    public static bool IsKnown(string name) => All.ContainsKey(name) || OtherNames.ContainsKey(name);

    public static bool Check(string name, object? value, Arguments arguments) =>
        All.TryGetValue(OtherNames.GetValueOrDefault(name, name), out var body)
            ? body(value, arguments)
            : throw TemplateException.Runtime($"No test named '{name}' found.");

    private static object? Other(Arguments arguments) => arguments.Require(0, "other", "comparison");

    private static object Remainder(object? value, object? by) => value is Undefined undefined ? throw undefined.Fault()
        : Arithmetic.Compute("%", value, by) ?? throw TemplateException.Runtime($"a {Operations.TypeName(value)} has no remainder");

    private static bool IsSame(object? value, object? other) => value switch
    {
        bool or long => Equals(value, other),
        Text text => other is Text same && text.Value == same.Value,
        _ => ReferenceEquals(value, other),
    };

    // What the text is made of does not matter here; only lists could be long, and they are bounded where they are made.
    private static string TextOf(object? value) =>
        TextFormat.ToText(new Runtime(TemplateLimits.Default, default, CancellationToken.None), value).Value;
}
