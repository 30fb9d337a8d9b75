using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary><c>format % values</c>, as Python's "printf-style formatting" has it.</summary>
internal sealed class PercentFormat(Runtime runtime, Text format, object? values)
{
    private readonly List<object?> _given = values is JinjaTuple tuple ? tuple : [values];
    private readonly TextBuilder _output = new();
    private int _place;
    private int _used;

    public static Text Apply(Runtime runtime, Text format, object? values) => new PercentFormat(runtime, format, values).Run();

    private Text Run()
    {
        while (_place < format.Length)
        {
            var next = format.Value.IndexOf('%', _place);
            if (next < 0)
                next = format.Length;
            _output.Append(format, _place, next - _place);
            _place = next + 1;
            if (next < format.Length)
                _output.Append(Field());
            runtime.ChargeText(_output.Length + 64L);
        }

        return _used >= _given.Count || values is JinjaDict or JinjaList or Undefined
            ? _output.ToText()
            : throw TemplateException.Runtime("not all arguments converted during string formatting");
    }

    private Text Field()
    {
        var key = Key();
        var flags = Take("-+ #0");
        var width = Take("0123456789");
        var precision = Peek() == '.' ? Skip() + Take("0123456789") : null;
        var conversion = Peek();
        _place++;
        if (conversion == '%')
            return Text.FromTemplate("%");
        var field = new FormatField
        {
            Fill = Text.FromTemplate(flags.Contains('0', StringComparison.Ordinal) && !flags.Contains('-', StringComparison.Ordinal) ? "0" : " "),
            Align = flags.Contains('-', StringComparison.Ordinal) ? '<' : flags.Contains('0', StringComparison.Ordinal) ? '=' : '>',
            Sign = flags.Contains('+', StringComparison.Ordinal) ? '+' : flags.Contains(' ', StringComparison.Ordinal) ? ' ' : '-',
            Alternate = flags.Contains('#', StringComparison.Ordinal),
            Width = FormatField.Places(width),
            Precision = precision is null ? null : FormatField.Places(precision[1..]),
            Conversion = conversion,
        };
        return Convert(field, key is null ? Next() : Entry(key));
    }

    private Text Convert(FormatField field, object? value)
    {
        var texts = field with { Fill = Text.FromTemplate(" "), Align = field.Align == '=' ? '>' : field.Align };
        switch (field.Conversion)
        {
            case 's':
                return texts.Apply(runtime, TextFormat.ToText(runtime, value));
            case 'r' or 'a':
                return texts.Apply(runtime, TextFormat.Structured(runtime, value));
            case 'c' when value is Text { Count: 1 } letter:
                return texts.Apply(runtime, letter);
            case 'd' or 'i' or 'u' when value is double number && double.IsFinite(number):
                return field.Apply(runtime, new BigInteger(number));
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' when Operations.Big(value) is { } whole:
                return field.Apply(runtime, whole);
            case 'f' or 'F' or 'e' or 'E' or 'g' or 'G' when Operations.Number(value) is { } number:
                return field.Apply(runtime, number);
            case 's' or 'r' or 'c' or 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'f' or 'F' or 'e' or 'E' or 'g' or 'G':
                throw TemplateException.Runtime($"%{field.Conversion} format: a number is required, not {Operations.TypeName(value)}");
            default:
                throw TemplateException.Runtime($"unsupported format character '{field.Conversion}'");
        }
    }

    private string? Key()
    {
        if (Peek() != '(')
            return null;
        var end = format.Value.IndexOf(')', _place);
        if (end < 0)
            throw TemplateException.Runtime("incomplete format key");
        var key = format.Value[(_place + 1)..end];
        _place = end + 1;
        return key;
    }

    private object? Entry(string key) => values is JinjaDict dict
        ? dict.TryGetValue(Text.FromTemplate(key), out var value) ? value : throw TemplateException.Runtime($"KeyError: '{key}'")
        : throw TemplateException.Runtime("format requires a mapping");

    private object? Next() => _used < _given.Count
        ? _given[_used++]
        : throw TemplateException.Runtime("not enough arguments for format string");

    private char Peek() => _place < format.Length ? format.Value[_place] : throw TemplateException.Runtime("incomplete format");

    private string Skip() => format.Value[_place++].ToString();

    private string Take(string characters)
    {
        var start = _place;
        while (_place < format.Length && characters.Contains(format.Value[_place], StringComparison.Ordinal))
            _place++;
        return format.Value[start.._place];
    }
}
