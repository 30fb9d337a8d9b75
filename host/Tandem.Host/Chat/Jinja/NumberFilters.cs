using System.Globalization;
using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Filters that make or change numbers.</summary>
internal static class NumberFilters
{
    public static Dictionary<string, FilterBody> All { get; } = new(StringComparer.Ordinal)
    {
        ["int"] = (_, value, arguments) => ToInteger(value, arguments),
        ["float"] = (_, value, arguments) => ToReal(value, arguments),
        ["abs"] = (_, value, _) => Operations.Big(value) is { } whole ? Arithmetic.Shrink(BigInteger.Abs(whole))
            : value is double number ? Math.Abs(number)
            : throw Fault(value, $"bad operand type for abs(): '{Operations.TypeName(value)}'"),
        ["round"] = (_, value, arguments) => Round(value, arguments),
        ["filesizeformat"] = (_, value, arguments) => SizeOf(value, arguments),
    };

    private static TemplateException Fault(object? value, string message) => (value as Undefined)?.Fault() ?? TemplateException.Runtime(message);

    private static object? ToInteger(object? value, Arguments arguments)
    {
        var byDefault = arguments.Get(0, "default", 0L);
        switch (value)
        {
            case Undefined undefined:
                throw undefined.Fault();
            case double number:
                return double.IsFinite(number) ? Arithmetic.Shrink(new BigInteger(number)) : byDefault;
            case Text text:
                var digits = text.Value.Trim().Replace("_", "", StringComparison.Ordinal);
                if (InBase(digits, (int)Operations.Index(arguments.Get(1, "base", 10L))) is { } whole)
                    return Arithmetic.Shrink(whole);
                return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real)
                    ? Arithmetic.Shrink(new BigInteger(real))
                    : byDefault;
            default:
                return Operations.Big(value) is { } given ? Arithmetic.Shrink(given) : byDefault;
        }
    }

    private static BigInteger? InBase(string digits, int radix)
    {
        const int longest = 4300;
        var negative = digits.StartsWith('-');
        var rest = digits.TrimStart('+', '-').ToLowerInvariant();
        var prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => null };
        if (prefix is not null && rest.StartsWith(prefix, StringComparison.Ordinal))
            rest = rest[2..];
        if (rest.Length is 0 or > longest || digits.Length - rest.Length > (prefix is null ? 1 : 3))
            return null;
        var sum = BigInteger.Zero;
        foreach (var c in rest)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : c is >= 'a' and <= 'z' ? c - 'a' + 10 : int.MaxValue;
            if (digit >= radix)
                return null;
            sum = (sum * radix) + digit;
        }
        return negative ? -sum : sum;
    }

    private static object? ToReal(object? value, Arguments arguments)
    {
        var byDefault = arguments.Get(0, "default", 0.0);
        if (value is Undefined undefined)
            throw undefined.Fault();
        if (value is not Text text)
            return Operations.Number(value) ?? byDefault;
        var digits = text.Value.Trim().Replace("_", "", StringComparison.Ordinal);
        return digits.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "inf" or "infinity" => digits.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity,
            "nan" => double.NaN,
            _ => double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : byDefault,
        };
    }

    private static object Round(object? value, Arguments arguments)
    {
        var number = Operations.Number(value) ?? throw Fault(value, $"type {Operations.TypeName(value)} doesn't define __round__ method");
        var precision = (int)Math.Clamp(Operations.Index(arguments.Get(0, "precision", 0L)), -400, 400);
        switch ((arguments.Get(1, "method", Text.FromTemplate("common")) as Text)?.Value)
        {
            case "common" when Operations.Big(value) is { } whole:
                return precision >= 0 ? Arithmetic.Shrink(whole) : Arithmetic.Shrink(RoundWhole(whole, BigInteger.Pow(10, -precision)));
            case "common":
                return Numbers.Round(number, precision);
            case "ceil" or "floor":
                var scale = Math.Pow(10, precision);
                return (((Text)arguments.Get(1, "method")!).Value == "ceil" ? Math.Ceiling(number * scale) : Math.Floor(number * scale)) / scale;
            default:
                throw TemplateException.Runtime("method must be common, ceil or floor");
        }
    }

    private static BigInteger RoundWhole(BigInteger value, BigInteger unit)
    {
        var rest = ((value % unit) + unit) % unit;
        var down = value - rest;
        var half = (rest * 2).CompareTo(unit);
        return half > 0 || (half == 0 && !(down / unit).IsEven) ? down + unit : down;
    }

    private static Text SizeOf(object? value, Arguments arguments)
    {
        var bytes = Operations.Number(value) ?? (double)ToReal(value, Arguments.None)!;
        var binary = Operations.IsTrue(arguments.Get(0, "binary", false));
        var unit = binary ? 1024.0 : 1000.0;
        if (bytes == 1)
            return Text.FromTemplate("1 Byte");
        if (bytes < unit)
            return Text.FromTemplate($"{((long)bytes).ToString(CultureInfo.InvariantCulture)} Bytes");
        string[] names = binary ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"] : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        var size = unit;
        var i = 0;
        for (; i < names.Length - 1 && bytes >= size * unit; i++)
            size *= unit;
        return Text.FromTemplate($"{Numbers.Fixed(bytes / size, 1)} {names[i]}");
    }
}
