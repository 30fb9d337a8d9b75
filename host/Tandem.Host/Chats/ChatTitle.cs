using System.Text;

namespace Tandem.Host.Chats;

/// <summary>The name of a chat that the user has not named: the beginning of its first question.</summary>
internal static class ChatTitle
{
    private const int Longest = 60;

    /// <summary>Null for a question without words.</summary>
    public static string? Of(string question)
    {
        var title = new StringBuilder();
        foreach (var rune in question.EnumerateRunes())
        {
            // Marks of Markdown at the beginning say nothing.
            if (title.Length == 0 && (Rune.IsWhiteSpace(rune) || rune.Value is '#' or '>' or '*' or '`' or '-' or '_'))
                continue;
            if (rune.Value == '\n' && title.Length > 0)
                break;
            if (Rune.IsWhiteSpace(rune) || Rune.IsControl(rune))
            {
                if (title[^1] != ' ')
                    title.Append(' ');
            }
            else
            {
                title.Append(rune.ToString());
            }

            if (title.Length > 2 * Longest)
                break;
        }

        return title.Length == 0 ? null : Shorten(title.ToString().TrimEnd());
    }

    private static string Shorten(string title)
    {
        if (title.Length <= Longest)
            return title;
        var end = title.LastIndexOf(' ', Longest);
        if (end < Longest / 2)
            end = char.IsHighSurrogate(title[Longest - 1]) ? Longest - 1 : Longest;
        return title[..end] + "…";
    }
}
