using System.Globalization;
using System.Text;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Python's <c>json.dumps</c>, as chat templates use it: no escapes for characters beyond ASCII unless asked for.</summary>
internal sealed class JsonFormat(Runtime runtime, string? indent, string itemSeparator, string keySeparator, bool sortKeys, bool asciiOnly)
{
    private readonly TextBuilder _output = new();

    /// <summary>The filter <c>tojson(ensure_ascii, indent, separators, sort_keys)</c>.</summary>
    public static Text Dump(Runtime runtime, object? value, Arguments arguments)
    {
        var indent = arguments.Get(1, "indent") switch
        {
            null => null,
            Text text => text.Value,
            var number => new string(' ', (int)Math.Clamp(Operations.Whole(number), 0, 100)),
        };
        var (item, key) = arguments.Get(2, "separators") is List<object?> { Count: 2 } pair
            ? (TextFormat.ToText(runtime, pair[0]).Value, TextFormat.ToText(runtime, pair[1]).Value)
            : (indent is null ? ", " : ",", ": ");
        var format = new JsonFormat(runtime, indent, item, key,
            Operations.IsTrue(arguments.Get(3, "sort_keys", false)), Operations.IsTrue(arguments.Get(0, "ensure_ascii", false)));
        format.Write(value, 1);
        return format._output.ToText();
    }

    private void Write(object? value, int level)
    {
        runtime.Enter(runtime.Line);
        switch (value)
        {
            case Text text:
                WriteText(text);
                break;
            case JinjaDict dict:
                var entries = dict.Select(entry => (Key: KeyText(JinjaDict.FromKey(entry.Key)), entry.Value));
                if (sortKeys)
                    entries = entries.OrderBy(entry => entry.Key.Value, StringComparer.Ordinal);
                WriteAll([.. entries], ('{', '}'), level, entry =>
                {
                    WriteText(entry.Key);
                    _output.Append(keySeparator, false);
                    Write(entry.Value, level + 1);
                });
                break;
            case JinjaList or JinjaTuple:
                var list = (List<object?>)value;
                WriteAll(list, ('[', ']'), level, item => Write(item, level + 1));
                break;
            default:
                _output.Append(Scalar(value), false);
                break;
        }
        runtime.ChargeText(_output.Length);
        runtime.Leave();
    }

    private void WriteAll<T>(List<T> items, (char Open, char Close) marks, int level, Action<T> write)
    {
        _output.Append(marks.Open.ToString(), false);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _output.Append(itemSeparator, false);
            NewLine(level);
            write(items[i]);
        }
        if (items.Count > 0)
            NewLine(level - 1);
        _output.Append(marks.Close.ToString(), false);
    }

    private void NewLine(int level)
    {
        if (indent is null)
            return;
        runtime.ChargeText((long)level * indent.Length);
        _output.Append("\n" + string.Concat(Enumerable.Repeat(indent, level)), false);
    }

    private void WriteText(Text text)
    {
        _output.Append("\"", false);
        _output.Append(text.Map(Escape));
        _output.Append("\"", false);
    }

    private static Text KeyText(object? key) => key as Text ?? Text.FromTemplate(Scalar(key));

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        System.Numerics.BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number when double.IsNaN(number) => "NaN",
        double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
        double number => Numbers.Repr(number),
        Undefined undefined => throw undefined.Fault(),
        _ => throw TemplateException.Runtime($"Object of type {Operations.TypeName(value)} is not JSON serializable"),
    };

    private string Escape(string run)
    {
        var escaped = new StringBuilder(run.Length + 2);
        foreach (var c in run)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                '\b' => escaped.Append("\\b"),
                '\f' => escaped.Append("\\f"),
                < ' ' => Hex(escaped, c),
                > '~' when asciiOnly => Hex(escaped, c),
                _ => escaped.Append(c),
            };
        }
        return escaped.ToString();
    }

    private static StringBuilder Hex(StringBuilder output, char c) => output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
}
