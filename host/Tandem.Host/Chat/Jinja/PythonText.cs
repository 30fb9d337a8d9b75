using System.Globalization;
using System.Text;

namespace Tandem.Host.Chat.Jinja;

/// <summary>How Python classifies and changes the characters of a string.</summary>
internal static class PythonText
{
    /// <summary><c>str.isspace</c>: as .NET, and the four separators of ASCII.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Where <c>str.splitlines</c> ends a line.</summary>
    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';

    // The one letter of everyday text whose capital is two.
    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal);

    public static string Lower(string text) => text.ToLowerInvariant();

    public static string SwapCase(string text) => string.Create(text.Length, text, (output, source) =>
    {
        for (var i = 0; i < source.Length; i++)
            output[i] = char.IsUpper(source[i]) ? char.ToLowerInvariant(source[i]) : char.ToUpperInvariant(source[i]);
    });

    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    public static bool IsAll(string text, Func<Rune, bool> holds) => text.Length > 0 && text.EnumerateRunes().All(holds);

    /// <summary><c>isdigit</c> and <c>isnumeric</c> know more than the digits from 0 to 9 of any script.</summary>
    public static bool IsDigit(Rune rune, bool superscripts, bool fractions) => Rune.IsDigit(rune)
        || (superscripts && Rune.GetUnicodeCategory(rune) == UnicodeCategory.OtherNumber && CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0)
        || (fractions && Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber);

    /// <summary>No letter is of the other case, and there is one of this case.</summary>
    public static bool IsCased(string text, bool upper) =>
        text.Any(upper ? char.IsUpper : char.IsLower) && !text.Any(upper ? char.IsLower : char.IsUpper);

    public static bool IsTitle(string text)
    {
        var (inWord, any) = (false, false);
        foreach (var c in text)
        {
            if (char.IsUpper(c) ? inWord : char.IsLower(c) && !inWord)
                return false;
            inWord = char.IsUpper(c) || char.IsLower(c);
            any |= inWord;
        }
        return any;
    }
}
