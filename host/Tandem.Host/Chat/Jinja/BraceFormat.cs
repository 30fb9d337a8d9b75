using System.Globalization;

namespace Tandem.Host.Chat.Jinja;

/// <summary><c>str.format</c>, as Python's "format string syntax" has it; fields inside a specification are not done.</summary>
internal sealed class BraceFormat(Runtime runtime, Text format, Arguments arguments)
{
    private int _automatic;

    public static Text Apply(Runtime runtime, Text format, Arguments arguments) => new BraceFormat(runtime, format, arguments).Run();

    private Text Run()
    {
        var output = new TextBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            var c = format.Value[i];
            if (c is '{' or '}' && i + 1 < format.Length && format.Value[i + 1] == c)
            {
                output.Append(format, i++, 1);
            }
            else if (c == '}')
            {
                throw TemplateException.Runtime("Single '}' encountered in format string");
            }
            else if (c == '{')
            {
                var end = format.Value.IndexOf('}', i);
                if (end < 0)
                    throw TemplateException.Runtime("expected '}' before end of string");
                output.Append(Field(format.Value[(i + 1)..end]));
                i = end;
            }
            else
            {
                output.Append(format, i, 1);
            }
            runtime.ChargeText(output.Length);
        }
        return output.ToText();
    }

    private Text Field(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var (name, specification) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        if (specification.Contains('{', StringComparison.Ordinal))
            throw TemplateException.Unsupported($"the format field '{{{field}}}'");
        var mark = name.IndexOf('!', StringComparison.Ordinal);
        var conversion = mark < 0 ? "" : name[(mark + 1)..];
        var value = Value(mark < 0 ? name : name[..mark]);
        value = conversion switch
        {
            "" => value,
            "r" or "a" => TextFormat.Structured(runtime, value),
            "s" => TextFormat.ToText(runtime, value),
            _ => throw TemplateException.Runtime($"Unknown conversion specifier '{conversion}'"),
        };
        return Lay(value, specification);
    }

    /// <summary><c>name.attribute[index]…</c>.</summary>
    private object? Value(string path)
    {
        var end = path.AsSpan().IndexOfAny('.', '[');
        var first = end < 0 ? path : path[..end];
        var value = First(first);
        while (end >= 0 && end < path.Length)
        {
            var bracket = path[end] == '[';
            var close = bracket ? path.IndexOf(']', end) : path.AsSpan(end + 1).IndexOfAny('.', '[') is var next && next < 0 ? path.Length : end + 1 + next;
            if (close < 0)
                throw TemplateException.Runtime("Missing ']' in format string");
            var name = path[(end + 1)..close];
            value = bracket
                ? Members.Item(runtime, value, long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : Text.FromTemplate(name))
                : Members.Attribute(runtime, value, name);
            if (value is Undefined undefined)
                throw undefined.Fault();
            end = close + (bracket ? 1 : 0);
        }
        return value;
    }

    private object? First(string name)
    {
        if (name.Length == 0 || int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            var place = name.Length == 0 ? _automatic++ : int.Parse(name, CultureInfo.InvariantCulture);
            return place < arguments.Positional.Count
                ? arguments.Positional[place]
                : throw TemplateException.Runtime($"Replacement index {place} out of range for positional args tuple");
        }
        return arguments.Named.TryGetValue(name, out var value) ? value : throw TemplateException.Runtime($"KeyError: '{name}'");
    }

    private Text Lay(object? value, string specification)
    {
        if (specification.Length == 0)
            return TextFormat.ToText(runtime, value);
        var field = Read(specification);
        var wholeOnly = field.Conversion is 'd' or 'x' or 'X' or 'o' or 'b' or 'n';
        if (value is Text text && field.Conversion is 's' or '\0')
            return field.Apply(runtime, value as Text ?? TextFormat.ToText(runtime, value));
        if (Operations.Big(value) is { } whole && (wholeOnly || field.Conversion == '\0'))
            return field.Apply(runtime, whole);
        if (!wholeOnly && field.Conversion != 's' && Operations.Number(value) is { } number)
            return field.Apply(runtime, number);
        throw TemplateException.Runtime($"Unknown format code '{field.Conversion}' for object of type '{Operations.TypeName(value)}'");
    }

    /// <summary><c>[[fill]align][sign][#][0][width][grouping][.precision][type]</c>.</summary>
    private static FormatField Read(string specification)
    {
        var i = 0;
        var (fill, align) = (" ", '\0');
        if (specification.Length > 1 && specification[1] is '<' or '>' or '^' or '=')
            (fill, align, i) = (specification[..1], specification[1], 2);
        else if (specification[0] is '<' or '>' or '^' or '=')
            (align, i) = (specification[0], 1);
        var sign = Take("+- ");
        var alternate = Take("#") != '\0';
        if (Take("0") != '\0' && align == '\0')
            (fill, align) = ("0", '=');
        var width = Digits();
        var grouping = Take(",_");
        var precision = Take(".") != '\0' ? Digits() : null;
        var conversion = Take("bcdeEfFgGnosxX%");
        if (i < specification.Length)
            throw TemplateException.Runtime($"Invalid format specifier '{specification}'");
        return new FormatField
        {
            Fill = Text.FromTemplate(fill),
            Align = align,
            Sign = sign == '\0' ? '-' : sign,
            Alternate = alternate,
            Grouping = grouping,
            Width = FormatField.Places(width),
            Precision = precision is null ? null : FormatField.Places(precision),
            Conversion = conversion,
        };

        char Take(string characters) => i < specification.Length && characters.Contains(specification[i], StringComparison.Ordinal) ? specification[i++] : '\0';

        string Digits()
        {
            var start = i;
            while (i < specification.Length && char.IsAsciiDigit(specification[i]))
                i++;
            return specification[start..i];
        }
    }
}
