using System.Text;

namespace Tandem.Cli;

/// <summary>Columns for people: as wide as their content, the last one free.</summary>
internal static class Table
{
    private const int Gap = 3;

    public static void Print(IReadOnlyList<string> header, IEnumerable<string[]> rows)
    {
        List<IReadOnlyList<string>> all = [header, .. rows];
        var widths = Enumerable.Range(0, header.Count).Select(column => all.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in all)
        {
            for (var column = 0; column < row.Count - 1; column++)
                text.Append(row[column].PadRight(widths[column] + Gap));
            text.Append(row[^1].ReplaceLineEndings(" "));
            while (text.Length > 0 && text[^1] == ' ')
                text.Length--;
            text.Append('\n');
        }

        Console.Out.Write(text);
    }
}
