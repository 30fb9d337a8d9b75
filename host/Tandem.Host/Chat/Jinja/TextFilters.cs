using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Filters that make texts; the origin of every character is kept.</summary>
internal static partial class TextFilters
{
    public static Dictionary<string, FilterBody> All { get; } = new(StringComparer.Ordinal)
    {
        ["string"] = (runtime, value, _) => TextFormat.ToText(runtime, value),
        ["trim"] = (runtime, value, arguments) => TextMethods.Strip(TextFormat.ToText(runtime, value), arguments.Get(0, "chars") as Text, true, true),
        ["safe"] = (runtime, value, _) => TextFormat.ToText(runtime, value).AsSafe(),
        ["escape"] = (runtime, value, _) => TextFormat.ToText(runtime, value).Escaped().AsSafe(),
        ["e"] = (runtime, value, _) => TextFormat.ToText(runtime, value).Escaped().AsSafe(),
        ["forceescape"] = (runtime, value, _) => TextFormat.ToText(runtime, value).AsUnsafe().Escaped().AsSafe(),
        ["upper"] = Mapped(PythonText.Upper),
        ["lower"] = Mapped(PythonText.Lower),
        ["capitalize"] = (runtime, value, _) => TextMethods.Capitalize(TextFormat.ToText(runtime, value)),
        ["title"] = (runtime, value, _) => TextMethods.Capitals(
            TextFormat.ToText(runtime, value), c => !PythonText.IsSpace(c) && !"-({[<".Contains(c, StringComparison.Ordinal)),
        ["center"] = (runtime, value, arguments) => TextMethods.Fill(runtime, TextFormat.ToText(runtime, value),
            Operations.Index(arguments.Get(0, "width", 80L)), Text.FromTemplate(" "), TextMethods.Side.Both),
        ["replace"] = (runtime, value, arguments) => TextPieces.Replace(runtime, TextFormat.ToText(runtime, value),
            TextFormat.ToText(runtime, arguments.Require(0, "old", "replace")), TextFormat.ToText(runtime, arguments.Require(1, "new", "replace")),
            arguments.Get(2, "count")),
        ["indent"] = Indent,
        ["format"] = Format,
        ["truncate"] = Truncate,
        ["wordwrap"] = Wrap,
        ["wordcount"] = (runtime, value, _) => (long)Word().Count(TextFormat.ToText(runtime, value).Value),
        ["striptags"] = (runtime, value, _) => StripTags(TextFormat.ToText(runtime, value)),
        ["urlencode"] = UrlEncode,
        ["xmlattr"] = XmlAttributes,
    };

    private static FilterBody Mapped(Func<string, string> change) => (runtime, value, _) =>
    {
        var text = TextFormat.ToText(runtime, value);
        runtime.ChargeText(text.Length);
        return text.Map(change);
    };

    private static Text Format(Runtime runtime, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw TemplateException.Runtime("can't handle positional and keyword arguments at the same time");
        var named = new JinjaDict();
        foreach (var (name, argument) in arguments.Named)
            named[Text.FromTemplate(name)] = argument;
        return PercentFormat.Apply(runtime, TextFormat.ToText(runtime, value), named.Count > 0 ? named : new JinjaTuple(arguments.Positional));
    }

    private static Text Indent(Runtime runtime, object? value, Arguments arguments)
    {
        if (value is not Text text)
            throw (value as Undefined)?.Fault() ?? TemplateException.Runtime($"unsupported operand type(s) for +=: '{Operations.TypeName(value)}' and 'str'");
        var width = arguments.Get(0, "width", 4L);
        var by = width as Text ?? Text.FromTemplate(new string(' ', (int)Math.Clamp(Operations.Index(width), 0, 1000)));
        var blanks = Operations.IsTrue(arguments.Get(2, "blank", false));
        var output = new TextBuilder();
        var lines = TextPieces.Lines(runtime, text.Concat(Text.FromTemplate("\n")), keepEnds: false);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (Text)lines[i]!;
            if (i > 0)
                output.Append("\n", true);
            if (i == 0 ? Operations.IsTrue(arguments.Get(1, "first", false)) : line.Length > 0 || blanks)
                output.Append(by);
            output.Append(line);
            runtime.ChargeText(output.Length + 64L);
        }
        return output.ToText();
    }

    private static Text Truncate(Runtime runtime, object? value, Arguments arguments)
    {
        var text = TextFormat.ToText(runtime, value);
        var length = Operations.Index(arguments.Get(0, "length", 255L));
        var end = TextFormat.ToText(runtime, arguments.Get(2, "end", Text.FromTemplate("...")));
        var leeway = arguments.Get(3, "leeway") is { } given ? Operations.Index(given) : 5;
        if (length < end.Count)
            throw TemplateException.Runtime($"expected length >= {end.Count}, got {length}");
        if (text.Count <= length + leeway)
            return text;
        var kept = text.Between(0, (int)(length - end.Count));
        var space = Operations.IsTrue(arguments.Get(1, "killwords", false)) ? -1 : kept.Value.LastIndexOf(' ');
        return (space < 0 ? kept : kept.Slice(0, space)).Concat(end);
    }

    private static Text Wrap(Runtime runtime, object? value, Arguments arguments)
    {
        var text = TextFormat.ToText(runtime, value);
        var width = (int)Math.Clamp(Operations.Index(arguments.Get(0, "width", 79L)), 1, int.MaxValue);
        var breaks = Operations.IsTrue(arguments.Get(1, "break_long_words", true));
        var separator = arguments.Get(2, "wrapstring") is { } given ? TextFormat.ToText(runtime, given) : Text.FromTemplate("\n");
        var lines = TextPieces.Lines(runtime, text, keepEnds: false)
            .Select(line => TextPieces.Join(runtime, separator, new JinjaList(WrapLine((Text)line!, width, breaks)), onlyTexts: true));
        return TextPieces.Join(runtime, separator, new JinjaList(lines), onlyTexts: true);
    }

    /// <summary>Python's <c>textwrap</c> without its changes to white space; it also breaks behind hyphens.</summary>
    private static List<Text> WrapLine(Text line, int width, bool breaks)
    {
        var lines = new List<Text>();
        var chunks = new Queue<Text>(Chunk().EnumerateMatches(line.Value).ToTexts(line));
        var current = Text.Empty;
        while (chunks.TryDequeue(out var chunk))
        {
            if (current.Length == 0 && lines.Count > 0 && chunk.Value.All(PythonText.IsSpace))
                continue;
            if (current.Count + chunk.Count <= width)
            {
                current = current.Concat(chunk);
                continue;
            }
            while (chunk.Count > width && breaks)
            {
                var room = width - current.Count;
                lines.Add(current.Concat(chunk.Between(0, room)));
                (current, chunk) = (Text.Empty, chunk.Between(room, chunk.Count));
            }
            if (current.Length > 0)
                lines.Add(TextMethods.Strip(current, null, false, true));
            current = lines.Count > 0 && chunk.Value.All(PythonText.IsSpace) ? Text.Empty : chunk;
        }
        if (current.Length > 0)
            lines.Add(TextMethods.Strip(current, null, false, true));
        return lines;
    }

    private static List<Text> ToTexts(this Regex.ValueMatchEnumerator matches, Text text)
    {
        var texts = new List<Text>();
        foreach (var match in matches)
            texts.Add(text.Slice(match.Index, match.Length));
        return texts;
    }

    private static Text StripTags(Text text)
    {
        var bare = Tag().Replace(text.Value, "");
        return Text.FromData(string.Join(' ', WebUtility.HtmlDecode(bare).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }

    private static Text UrlEncode(Runtime runtime, object? value, Arguments arguments)
    {
        if (value is JinjaDict dict)
        {
            var pairs = dict.Select(entry => (object?)Quote(runtime, JinjaDict.FromKey(entry.Key), null).Concat(Text.FromTemplate("=")).Concat(Quote(runtime, entry.Value, null)));
            return TextPieces.Join(runtime, Text.FromTemplate("&"), new JinjaList(pairs), onlyTexts: true);
        }
        return Quote(runtime, value, "/");
    }

    /// <param name="safe">What stays besides; null in a query, where a blank is a plus.</param>
    private static Text Quote(Runtime runtime, object? value, string? safe) => TextFormat.ToText(runtime, value).Map(run =>
    {
        var output = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(run))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || "_.-~".Contains(c, StringComparison.Ordinal) || safe?.Contains(c, StringComparison.Ordinal) == true)
                output.Append(c);
            else if (c == ' ' && safe is null)
                output.Append('+');
            else
                output.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return output.ToString();
    });

    private static Text XmlAttributes(Runtime runtime, object? value, Arguments arguments)
    {
        if (value is not JinjaDict dict)
            throw TemplateException.Runtime("xmlattr needs a mapping");
        var output = new TextBuilder();
        foreach (var (key, item) in dict.Where(entry => entry.Value is not (null or Undefined)))
        {
            var name = TextFormat.ToText(runtime, JinjaDict.FromKey(key));
            if (name.Value.Any(c => PythonText.IsSpace(c) || c is '/' or '>' or '='))
                throw TemplateException.Runtime($"Invalid character in attribute name: '{name.Value}'");
            if (output.Length > 0 || Operations.IsTrue(arguments.Get(0, "autospace", true)))
                output.Append(" ", true);
            output.Append(name.Escaped());
            output.Append("=\"", true);
            output.Append(TextFormat.ToText(runtime, item).Escaped());
            output.Append("\"", true);
        }
        return output.ToText();
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"<!--.*?-->|<[^>]*>", RegexOptions.Singleline)]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+|[^\s-]*-+(?=\w)|[^\s]+?(?=-+\w)|[^\s]+")]
    private static partial Regex Chunk();
}
