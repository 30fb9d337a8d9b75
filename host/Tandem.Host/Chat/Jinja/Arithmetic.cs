using System.Numerics;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Python's arithmetic: whole numbers of any size (bounded here), division and remainder towards minus infinity.</summary>
internal static class Arithmetic
{
    private const int MostBits = 16_384;

    /// <summary>Null when one of them is no number.</summary>
    public static object? Compute(string operation, object? left, object? right)
    {
        if (Operations.Number(left) is not { } a || Operations.Number(right) is not { } b)
            return null;
        if (b == 0 && operation is ("/" or "//" or "%"))
            throw TemplateException.Runtime("division by zero");
        if (operation == "/")
            return a / b;
        return left is double || right is double ? Real(operation, a, b) : Integer(operation, Operations.Big(left)!.Value, Operations.Big(right)!.Value);
    }

    /// <summary>As <c>long</c> where it fits.</summary>
    public static object Shrink(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    private static double Real(string operation, double a, double b) => operation switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "//" => Math.Floor(a / b),
        "%" => a - (b * Math.Floor(a / b)),
        _ when a == 0 && b < 0 => throw TemplateException.Runtime("0.0 cannot be raised to a negative power"),
        _ => Math.Pow(a, b),
    };

    private static object Integer(string operation, BigInteger a, BigInteger b)
    {
        if (operation == "**" && b < 0)
            return Real("**", (double)a, (double)b);
        if (operation is "*" or "**" && a.GetBitLength() * (double)(operation == "*" ? 1 + b.GetBitLength() : b) > MostBits)
            throw new TemplateException(TemplateFault.Limit, $"a number would be longer than {MostBits} bits");
        var quotient = operation is "//" or "%" ? Floor(a, b) : default;
        return Shrink(operation switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "//" => quotient,
            "%" => a - (quotient * b),
            _ => BigInteger.Pow(a, (int)BigInteger.Min(b, MostBits)),
        });
    }

    private static BigInteger Floor(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var rest);
        return !rest.IsZero && rest.Sign != b.Sign ? quotient - 1 : quotient;
    }
}
