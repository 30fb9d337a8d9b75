using System.Globalization;
using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>One field of <c>%</c> or of <c>str.format</c>: how a value is laid out.</summary>
internal sealed record FormatField
{
    private const int MostPlaces = 10_000;

    public Text Fill { get; init; } = Text.FromTemplate(" ");

    /// <summary><c>&lt; &gt; ^ =</c>, or nothing: texts to the left, numbers to the right.</summary>
    public char Align { get; init; }

    /// <summary><c>+ -</c> or a blank.</summary>
    public char Sign { get; init; } = '-';

    public bool Alternate { get; init; }

    /// <summary>A comma, a low line, or nothing.</summary>
    public char Grouping { get; init; }
    public int Width { get; init; }
    public int? Precision { get; init; }

    /// <summary>Type of the presentation; nothing: the value's own.</summary>
    public char Conversion { get; init; }

    public static int Places(string digits) => digits.Length == 0 ? 0
        : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MostPlaces ? number
        : throw new TemplateException(TemplateFault.Limit, $"a formatted value would have more than {MostPlaces} places");

    public Text Apply(Runtime runtime, Text text)
    {
        var shown = Precision is { } most && most < text.Count ? text.Between(0, most) : text;
        return Pad(runtime, shown, Align == '\0' ? '<' : Align);
    }

    public Text Apply(Runtime runtime, double value) => Lay(runtime, value < 0 || double.IsNegative(value) && value == 0, Digits(Math.Abs(value)));

    public Text Apply(Runtime runtime, BigInteger value)
    {
        var prefix = Alternate ? Conversion switch { 'x' => "0x", 'X' => "0X", 'o' => "0o", 'b' => "0b", _ => "" } : "";
        var digits = Numbers.InBase(BigInteger.Abs(value), Conversion);
        return Lay(runtime, value.Sign < 0, Group(digits, Conversion is 'x' or 'X' or 'o' or 'b' ? 4 : 3), prefix);
    }

    private string Digits(double magnitude)
    {
        var digits = Conversion switch
        {
            'f' or 'F' => Numbers.Fixed(magnitude, Precision ?? 6),
            'e' or 'E' => Numbers.Scientific(magnitude, Precision ?? 6),
            'g' or 'G' => Numbers.General(magnitude, Precision ?? 6),
            '%' => Numbers.Fixed(magnitude * 100, Precision ?? 6) + "%",
            _ when Precision is { } places => Numbers.General(magnitude, places),
            _ => Numbers.Repr(magnitude),
        };
        var cased = char.IsUpper(Conversion) ? digits.ToUpperInvariant() : digits;
        var point = cased.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return point <= 0 ? Group(cased, 3) : Group(cased[..point], 3) + cased[point..];
    }

    private string Group(string digits, int size)
    {
        if (Grouping == '\0')
            return digits;
        var grouped = digits;
        for (var at = digits.Length - size; at > 0; at -= size)
            grouped = grouped.Insert(at, Grouping.ToString());
        return grouped;
    }

    private Text Lay(Runtime runtime, bool negative, string digits, string prefix = "")
    {
        var sign = (negative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "") + prefix;
        if (Align != '=')
            return Pad(runtime, Text.FromTemplate(sign + digits), Align == '\0' ? '>' : Align);
        return Text.FromTemplate(sign).Concat(TextMethods.Fill(runtime, Text.FromTemplate(digits), Width - sign.Length, Fill, TextMethods.Side.Start));
    }

    private Text Pad(Runtime runtime, Text text, char align)
    {
        if (align == '^')
        {
            // The rest of an odd number of places is on the right here, unlike in str.center.
            var left = TextMethods.Fill(runtime, text, text.Count + (Math.Max(0, Width - text.Count) / 2), Fill, TextMethods.Side.Start);
            return TextMethods.Fill(runtime, left, Width, Fill, TextMethods.Side.End);
        }

        return TextMethods.Fill(runtime, text, Width, Fill, align == '<' ? TextMethods.Side.End : TextMethods.Side.Start);
    }
}
