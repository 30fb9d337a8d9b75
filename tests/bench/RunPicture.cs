using System.Diagnostics;
using System.Net;
using System.Text;
using Tandem.Tests.Support;

namespace Tandem.Bench;

/// <summary>Draws a real <c>tandem run</c> as <c>docs/run.svg</c>, the README's picture: what was drafted in green.</summary>
internal static class RunPicture
{
    private const string Prompt = "Write quicksort in Python. Code only.";
    private const string Green = "\u001b[32m";
    private const string Default = "\u001b[39m";
    private const double LineHeight = 21;
    private const double Left = 22;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var home = Directory.CreateTempSubdirectory("tandem-picture-");
        var start = new ProcessStartInfo(Path.Combine(BenchEngine.AppFolder, "tandem"), ["run", Prompt, "--color", "always"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["TANDEM_HOME"] = home.FullName;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var answer = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        home.Delete(recursive: true);
        string[] lines = [$"$ tandem run \"{Prompt}\"", .. (answer + await errors).TrimEnd().Split('\n')];
        var target = Path.Combine(Repository.Root, "docs", "run.svg");
        await File.WriteAllTextAsync(target, Draw(lines));
        Console.WriteLine($"{Repository.Relative(target)}: {lines[^1]}");
        return process.ExitCode;
    }

    private static string Draw(string[] lines)
    {
        var width = (lines.Max(line => Strip(line).Length) * 8.45) + (2 * Left);
        var height = (lines.Length * LineHeight) + 62;
        var svg = new StringBuilder(FormattableString.Invariant(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:F0} {height:F0}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
            <rect width="100%" height="100%" rx="10" fill="#14171c"/>
            <circle cx="24" cy="20" r="5.5" fill="#ff5f57"/><circle cx="43" cy="20" r="5.5" fill="#febc2e"/><circle cx="62" cy="20" r="5.5" fill="#28c840"/>

            """));
        var green = false;
        for (var index = 0; index < lines.Length; index++)
        {
            var fill = index == 0 || index == lines.Length - 1 ? "#8b949e" : "#e6edf3";
            svg.Append(FormattableString.Invariant($"<text x=\"{Left}\" y=\"{52 + (index * LineHeight)}\" fill=\"{fill}\" xml:space=\"preserve\">"));
            AppendLine(svg, lines[index], ref green);
            svg.Append("</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void AppendLine(StringBuilder svg, string line, ref bool green)
    {
        while (line.Length > 0)
        {
            if (line.StartsWith(Green, StringComparison.Ordinal) || line.StartsWith(Default, StringComparison.Ordinal))
            {
                green = line.StartsWith(Green, StringComparison.Ordinal);
                line = line[Green.Length..];
                continue;
            }

            var end = line.IndexOf('\u001b', StringComparison.Ordinal) is >= 0 and var at ? at : line.Length;
            var text = WebUtility.HtmlEncode(line[..end]);
            svg.Append(green ? $"<tspan fill=\"#3fb950\">{text}</tspan>" : text);
            line = line[end..];
        }
    }

    private static string Strip(string line) =>
        line.Replace(Green, "", StringComparison.Ordinal).Replace(Default, "", StringComparison.Ordinal);
}
