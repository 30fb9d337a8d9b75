using System.Globalization;
using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Numbers as Python writes and rounds them.</summary>
internal static class Numbers
{
    private const int MostDigits = 400;

    /// <summary><c>repr(float)</c>: the shortest digits that give the same number, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Repr(double value)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        var (sign, digits, exponent) = Parts(value);
        if (exponent is < -4 or >= 16)
            return sign + digits[..1] + (digits.Length > 1 ? "." + digits[1..] : "") + Exponent(exponent);
        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0') + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>So many digits behind the point, exact, halves to the even digit: <c>%.2f</c>.</summary>
    public static string Fixed(double value, int precision)
    {
        if (!double.IsFinite(value))
            return Repr(value);
        if (precision > MostDigits)
            throw new TemplateException(TemplateFault.Limit, $"a number would have more than {MostDigits} digits behind its point");
        var bits = BitConverter.DoubleToInt64Bits(value);
        var power = (int)((bits >> 52) & 0x7FF);
        var mantissa = (bits & 0xFFFFFFFFFFFFF) | (power == 0 ? 0 : 1L << 52);
        var whole = Scale(mantissa, Math.Max(power, 1) - 1075, precision);
        var digits = whole.ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        return (bits < 0 ? "-" : "") + (precision == 0 ? digits : digits[..^precision] + "." + digits[^precision..]);
    }

    /// <summary><c>round(value, precision)</c>.</summary>
    public static double Round(double value, int precision)
    {
        if (!double.IsFinite(value) || precision > 300)
            return value;
        if (precision >= 0)
            return double.Parse(Fixed(value, precision), CultureInfo.InvariantCulture);
        var unit = Math.Pow(10, Math.Min(-precision, 308));
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }

    /// <summary><c>%.6e</c>.</summary>
    public static string Scientific(double value, int precision)
    {
        if (!double.IsFinite(value))
            return Repr(value);
        var text = value.ToString("E" + Math.Min(precision, MostDigits).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        return text[..mark] + Exponent(int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    /// <summary><c>%g</c>: so many digits in all, without zeros at the end.</summary>
    public static string General(double value, int precision)
    {
        if (!double.IsFinite(value) || value == 0)
            return value == 0 ? "0" : Repr(value);
        precision = Math.Max(precision, 1);
        var scientific = Scientific(value, precision - 1);
        var mark = scientific.IndexOf('e', StringComparison.Ordinal);
        var exponent = int.Parse(scientific.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent < -4 || exponent >= precision
            ? WithoutZeros(scientific[..mark]) + scientific[mark..]
            : WithoutZeros(Fixed(value, precision - 1 - exponent));
    }

    /// <summary>Digits of a whole number in base 2, 8, 10 or 16.</summary>
    public static string InBase(BigInteger value, char conversion)
    {
        var magnitude = BigInteger.Abs(value);
        var digits = conversion switch
        {
            'x' => magnitude.ToString("x", CultureInfo.InvariantCulture).TrimStart('0'),
            'X' => magnitude.ToString("X", CultureInfo.InvariantCulture).TrimStart('0'),
            'b' => magnitude.ToString("b", CultureInfo.InvariantCulture).TrimStart('0'),
            'o' => Octal(magnitude),
            _ => magnitude.ToString(CultureInfo.InvariantCulture),
        };
        return (value.Sign < 0 ? "-" : "") + (digits.Length == 0 ? "0" : digits);
    }

    private static string Octal(BigInteger value)
    {
        var digits = "";
        for (; value > 0; value >>= 3)
            digits = (char)('0' + (int)(value & 7)) + digits;
        return digits;
    }

    /// <summary>mantissa · 2^power · 10^precision, rounded to a whole number.</summary>
    private static BigInteger Scale(long mantissa, int power, int precision)
    {
        var scaled = mantissa * BigInteger.Pow(10, precision);
        if (power >= 0)
            return scaled << power;
        var divisor = BigInteger.One << -power;
        var whole = BigInteger.DivRem(scaled, divisor, out var rest);
        var half = (rest << 1).CompareTo(divisor);
        return half > 0 || (half == 0 && !whole.IsEven) ? whole + 1 : whole;
    }

    /// <summary>Sign, shortest digits without zeros around them, and the power of ten of the first one.</summary>
    private static (string Sign, string Digits, int Exponent) Parts(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var sign = text[0] == '-' ? "-" : "";
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var plain = (mark < 0 ? text : text[..mark])[sign.Length..];
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var all = plain.Replace(".", "", StringComparison.Ordinal);
        var zeros = all.Length - all.TrimStart('0').Length;
        var digits = all.Trim('0');
        var shift = mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return digits.Length == 0 ? (sign, "0", 0) : (sign, digits, (point < 0 ? plain.Length : point) - 1 - zeros + shift);
    }

    private static string Exponent(int exponent) =>
        (exponent < 0 ? "e-" : "e+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);

    private static string WithoutZeros(string digits) =>
        digits.Contains('.', StringComparison.Ordinal) ? digits.TrimEnd('0').TrimEnd('.') : digits;
}
