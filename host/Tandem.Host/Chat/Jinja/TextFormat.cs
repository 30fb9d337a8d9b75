using System.Globalization;
using System.Numerics;
using System.Text;

namespace Tandem.Host.Chat.Jinja;

/// <summary>How values become text: Python's <c>str</c> and <c>repr</c>.</summary>
internal static class TextFormat
{
    /// <summary><c>str(value)</c>. Numbers and names count as the template's: no mark can be made of them alone.</summary>
    public static Text ToText(Runtime runtime, object? value) => value switch
    {
        Text text => text,
        Undefined => Text.Empty,
        null => Text.FromTemplate("None"),
        bool flag => Text.FromTemplate(flag ? "True" : "False"),
        long number => Text.FromTemplate(number.ToString(CultureInfo.InvariantCulture)),
        BigInteger number => Text.FromTemplate(number.ToString(CultureInfo.InvariantCulture)),
        double number => Text.FromTemplate(Numbers.Repr(number)),
        JinjaRange range => Text.FromTemplate(range.ToString()),
        List<object?> or JinjaDict or Namespace => Structured(runtime, value),
        _ => throw TemplateException.Unsupported($"printing a {Operations.TypeName(value)}"),
    };

    public static Text Structured(Runtime runtime, object? value)
    {
        var output = new TextBuilder();
        Repr(runtime, value, output);
        return output.ToText();
    }

    /// <summary><c>repr(value)</c>.</summary>
    public static void Repr(Runtime runtime, object? value, TextBuilder output)
    {
        runtime.Enter(runtime.Line);
        switch (value)
        {
            case Text text:
                Quote(runtime, text, output);
                break;
            case JinjaTuple tuple:
                Join(runtime, tuple, ("(", tuple.Count == 1 ? ",)" : ")"), output);
                break;
            case JinjaView view:
                Join(runtime, view, (view.Type + "([", "])"), output);
                break;
            case JinjaList list:
                Join(runtime, list, ("[", "]"), output);
                break;
            case JinjaDict dict:
                Entries(runtime, dict.Select(entry => (JinjaDict.FromKey(entry.Key), entry.Value)), output);
                break;
            case Namespace space:
                output.Append("<Namespace ", false);
                Entries(runtime, space.Values.Select(entry => ((object?)Text.FromTemplate(entry.Key), entry.Value)), output);
                output.Append(">", false);
                break;
            default:
                output.Append(value is Undefined ? Text.FromTemplate("Undefined") : ToText(runtime, value));
                break;
        }
        runtime.ChargeText(output.Length);
        runtime.Leave();
    }

    private static void Entries(Runtime runtime, IEnumerable<(object? Key, object? Value)> entries, TextBuilder output)
    {
        var separator = "";
        output.Append("{", false);
        foreach (var (key, item) in entries)
        {
            output.Append(separator, false);
            Repr(runtime, key, output);
            output.Append(": ", false);
            Repr(runtime, item, output);
            separator = ", ";
        }
        output.Append("}", false);
    }

    private static void Join(Runtime runtime, List<object?> items, (string Open, string Close) marks, TextBuilder output)
    {
        output.Append(marks.Open, false);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                output.Append(", ", false);
            Repr(runtime, items[i], output);
        }
        output.Append(marks.Close, false);
    }

    /// <summary>Python prefers single quotes, and double ones where the text has single ones only.</summary>
    private static void Quote(Runtime runtime, Text text, TextBuilder output)
    {
        runtime.ChargeText(text.Length);
        var quote = text.Value.Contains('\'', StringComparison.Ordinal) && !text.Value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        output.Append(quote.ToString(), false);
        output.Append(text.Map(run => Escape(run, quote)));
        output.Append(quote.ToString(), false);
    }

    private static string Escape(string run, char quote)
    {
        var escaped = new StringBuilder(run.Length);
        foreach (var rune in run.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\\' => escaped.Append("\\\\"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                _ when rune.Value == quote => escaped.Append('\\').Append(quote),
                _ when PythonText.IsPrintable(rune) => escaped.Append(rune.ToString()),
                < 0x100 => escaped.Append("\\x").Append(rune.Value.ToString("x2", CultureInfo.InvariantCulture)),
                < 0x10000 => escaped.Append("\\u").Append(rune.Value.ToString("x4", CultureInfo.InvariantCulture)),
                _ => escaped.Append("\\U").Append(rune.Value.ToString("x8", CultureInfo.InvariantCulture)),
            };
        }
        return escaped.ToString();
    }
}
