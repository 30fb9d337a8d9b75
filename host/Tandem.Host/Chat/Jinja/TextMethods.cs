namespace Tandem.Host.Chat.Jinja;

/// <summary>Methods of Python's <c>str</c>; the origin of every character is kept. Searching, cutting and joining: TextPieces.</summary>
internal static class TextMethods
{
    private delegate object? Body(Runtime runtime, Text text, Arguments arguments);

    private static readonly Dictionary<string, Body> All = new(StringComparer.Ordinal)
    {
        ["upper"] = (_, text, arguments) => Plain(arguments, "upper", text.Map(PythonText.Upper)),
        ["lower"] = (_, text, arguments) => Plain(arguments, "lower", text.Map(PythonText.Lower)),
        ["casefold"] = (_, text, _) => text.Map(run => PythonText.Lower(run).Replace("ß", "ss", StringComparison.Ordinal)),
        ["swapcase"] = (_, text, _) => text.Map(PythonText.SwapCase),
        ["capitalize"] = (_, text, _) => Capitalize(text),
        ["title"] = (_, text, _) => Title(text),
        ["strip"] = (_, text, arguments) => Strip(text, Characters(arguments, "strip"), true, true),
        ["lstrip"] = (_, text, arguments) => Strip(text, Characters(arguments, "lstrip"), true, false),
        ["rstrip"] = (_, text, arguments) => Strip(text, Characters(arguments, "rstrip"), false, true),
        ["startswith"] = (_, text, arguments) => AnyOf(text, arguments, "startswith", (value, part) => value.StartsWith(part, StringComparison.Ordinal)),
        ["endswith"] = (_, text, arguments) => AnyOf(text, arguments, "endswith", (value, part) => value.EndsWith(part, StringComparison.Ordinal)),
        ["removeprefix"] = (_, text, arguments) => Part(arguments, 0, "removeprefix") is var part && text.Value.StartsWith(part.Value, StringComparison.Ordinal)
            ? text.Slice(part.Length, text.Length - part.Length)
            : text,
        ["removesuffix"] = (_, text, arguments) => Part(arguments, 0, "removesuffix") is var part && text.Value.EndsWith(part.Value, StringComparison.Ordinal)
            ? text.Slice(0, text.Length - part.Length)
            : text,
        ["split"] = (runtime, text, arguments) => TextPieces.Split(runtime, text, arguments, false),
        ["rsplit"] = (runtime, text, arguments) => TextPieces.Split(runtime, text, arguments, true),
        ["splitlines"] = (runtime, text, arguments) => TextPieces.Lines(runtime, text, Operations.IsTrue(arguments.Get(0, "keepends", false))),
        ["partition"] = (_, text, arguments) => TextPieces.Partition(text, Part(arguments, 0, "partition"), false),
        ["rpartition"] = (_, text, arguments) => TextPieces.Partition(text, Part(arguments, 0, "rpartition"), true),
        ["replace"] = (runtime, text, arguments) =>
            TextPieces.Replace(runtime, text, Part(arguments, 0, "replace"), Part(arguments, 1, "replace"), arguments.Get(2, "count")),
        ["join"] = (runtime, text, arguments) => TextPieces.Join(runtime, text, arguments.Require(0, "iterable", "join"), onlyTexts: true),
        ["format"] = (runtime, text, arguments) => BraceFormat.Apply(runtime, text, arguments),
        ["format_map"] = (runtime, text, arguments) => BraceFormat.Apply(runtime, text, new Arguments([], Members.Named(arguments.Require(0, "map", "format_map")))),
        ["find"] = (_, text, arguments) => TextPieces.Find(text, arguments, "find", false),
        ["rfind"] = (_, text, arguments) => TextPieces.Find(text, arguments, "rfind", true),
        ["index"] = (_, text, arguments) => TextPieces.Index(text, arguments, "index", false),
        ["rindex"] = (_, text, arguments) => TextPieces.Index(text, arguments, "rindex", true),
        ["count"] = (_, text, arguments) => TextPieces.Count(text, arguments),
        ["center"] = (runtime, text, arguments) => Pad(runtime, text, arguments, "center", Side.Both),
        ["ljust"] = (runtime, text, arguments) => Pad(runtime, text, arguments, "ljust", Side.End),
        ["rjust"] = (runtime, text, arguments) => Pad(runtime, text, arguments, "rjust", Side.Start),
        ["zfill"] = (runtime, text, arguments) => FillZeros(runtime, text, arguments),
        ["expandtabs"] = (runtime, text, arguments) => ExpandTabs(runtime, text, arguments),
        ["isdigit"] = (_, text, _) => PythonText.IsAll(text.Value, rune => PythonText.IsDigit(rune, true, false)),
        ["isnumeric"] = (_, text, _) => PythonText.IsAll(text.Value, rune => PythonText.IsDigit(rune, true, true)),
        ["isdecimal"] = (_, text, _) => PythonText.IsAll(text.Value, System.Text.Rune.IsDigit),
        ["isalpha"] = (_, text, _) => PythonText.IsAll(text.Value, System.Text.Rune.IsLetter),
        ["isalnum"] = (_, text, _) => PythonText.IsAll(text.Value, rune => System.Text.Rune.IsLetter(rune) || PythonText.IsDigit(rune, true, true)),
        ["isspace"] = (_, text, _) => text.Length > 0 && text.Value.All(PythonText.IsSpace),
        ["isupper"] = (_, text, _) => PythonText.IsCased(text.Value, upper: true),
        ["islower"] = (_, text, _) => PythonText.IsCased(text.Value, upper: false),
        ["istitle"] = (_, text, _) => PythonText.IsTitle(text.Value),
        ["isascii"] = (_, text, _) => text.Value.All(char.IsAscii),
        ["isprintable"] = (_, text, _) => text.Value.EnumerateRunes().All(PythonText.IsPrintable),
        ["isidentifier"] = (_, text, _) => text.Length > 0 && !char.IsDigit(text.Value[0]) && text.Value.All(c => char.IsLetterOrDigit(c) || c == '_'),
    };

    internal enum Side
    {
        Start,
        End,
        Both,
    }

    public static Function? Find(Text text, string name) => !All.TryGetValue(name, out var body) ? null : new Function(name, (runtime, arguments) =>
    {
        runtime.ChargeText(text.Length);
        return body(runtime, text, arguments);
    });

    public static Text Strip(Text text, Text? characters, bool start, bool end)
    {
        bool Goes(char c) => characters is null ? PythonText.IsSpace(c) : characters.Value.Contains(c, StringComparison.Ordinal);
        var from = 0;
        var to = text.Length;
        while (start && from < to && Goes(text.Value[from]))
            from++;
        while (end && to > from && Goes(text.Value[to - 1]))
            to--;
        return text.Slice(from, to - from);
    }

    public static Text Capitalize(Text text)
    {
        var first = true;
        return text.Map(run =>
        {
            var changed = first ? PythonText.Upper(run[..1]) + PythonText.Lower(run[1..]) : PythonText.Lower(run);
            first = false;
            return changed;
        });
    }

    /// <summary>A capital after every character that is no letter.</summary>
    public static Text Title(Text text) => Capitals(text, char.IsLetter);

    /// <summary>A capital at the beginning of every stretch of characters for which <paramref name="goesOn"/> holds.</summary>
    public static Text Capitals(Text text, Func<char, bool> goesOn)
    {
        var inWord = false;
        return text.Map(run => string.Create(run.Length, run, (output, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                output[i] = inWord ? char.ToLowerInvariant(source[i]) : char.ToUpperInvariant(source[i]);
                inWord = goesOn(source[i]);
            }
        }));
    }

    public static Text Part(Arguments arguments, int index, string function) =>
        (index < arguments.Positional.Count ? arguments.Positional[index] : null) as Text
        ?? throw TemplateException.Runtime($"argument {index + 1} of {function}() must be a str");

    /// <summary>Fills a text to a width.</summary>
    public static Text Fill(Runtime runtime, Text text, long width, Text fill, Side side)
    {
        var missing = width - text.Count;
        if (missing <= 0)
            return text;
        runtime.ChargeText(Math.Min(width, int.MaxValue));
        // As Python: an odd place is on the left where the width is odd.
        var left = side switch { Side.Start => missing, Side.End => 0, _ => (missing / 2) + (missing & width & 1) };
        var output = new TextBuilder();
        for (var i = 0L; i < left; i++)
            output.Append(fill);
        output.Append(text);
        for (var i = left; i < missing; i++)
            output.Append(fill);
        return output.ToText();
    }

    private static Text Plain(Arguments arguments, string function, Text result)
    {
        arguments.AtMost(0, function);
        return result;
    }

    private static Text? Characters(Arguments arguments, string function) => arguments.Get(0, "chars") switch
    {
        null => null,
        Text text => text,
        _ => throw TemplateException.Runtime($"{function} arg must be None or str"),
    };

    private static bool AnyOf(Text text, Arguments arguments, string function, Func<string, string, bool> holds)
    {
        var (first, last) = TextPieces.Window(text, arguments);
        if (first > text.Count)
            return false;
        var value = text.Between(first, last).Value;
        return arguments.Require(0, "prefix", function) switch
        {
            Text part => holds(value, part.Value),
            JinjaTuple parts => parts.Exists(part => part is Text one && holds(value, one.Value)),
            _ => throw TemplateException.Runtime($"{function} first arg must be str or a tuple of str"),
        };
    }

    private static Text Pad(Runtime runtime, Text text, Arguments arguments, string function, Side side)
    {
        var fill = arguments.Get(1, "fillchar") switch
        {
            null => Text.FromTemplate(" "),
            Text { Count: 1 } one => one,
            _ => throw TemplateException.Runtime("The fill character must be exactly one character long"),
        };
        return Fill(runtime, text, Operations.Index(arguments.Require(0, "width", function)), fill, side);
    }

    private static Text FillZeros(Runtime runtime, Text text, Arguments arguments)
    {
        var sign = text.Length > 0 && text.Value[0] is '-' or '+' ? 1 : 0;
        var width = Operations.Index(arguments.Require(0, "width", "zfill"));
        return text.Slice(0, sign).Concat(
            Fill(runtime, text.Slice(sign, text.Length - sign), width - sign, Text.FromTemplate("0"), Side.Start));
    }

    private static Text ExpandTabs(Runtime runtime, Text text, Arguments arguments)
    {
        var size = Math.Clamp(Operations.Index(arguments.Get(0, "tabsize", 8L)), 0, 1000);
        var output = new TextBuilder();
        var column = 0L;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text.Value[i];
            if (c == '\t')
            {
                var spaces = size == 0 ? 0 : size - (column % size);
                runtime.ChargeText(output.Length + spaces);
                output.Append(new string(' ', (int)spaces), true);
                column += spaces;
                continue;
            }
            output.Append(text, i, 1);
            column = c is '\n' or '\r' ? 0 : column + (char.IsLowSurrogate(c) ? 0 : 1);
        }
        return output.ToText();
    }
}
