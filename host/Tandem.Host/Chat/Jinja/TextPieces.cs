namespace Tandem.Host.Chat.Jinja;

/// <summary>Finding, cutting, replacing and joining of texts.</summary>
internal static class TextPieces
{
    /// <summary>The characters that <c>start</c> and <c>end</c>, the second and third argument, leave of a text.</summary>
    public static (int First, int Last) Window(Text text, Arguments arguments)
    {
        int Bound(int index, int byDefault)
        {
            if (index >= arguments.Positional.Count || arguments.Positional[index] is null)
                return byDefault;
            var given = Operations.Index(arguments.Positional[index]);
            return (int)Math.Clamp(given < 0 ? given + text.Count : given, 0, index == 1 ? text.Count + 1 : text.Count);
        }

        return (Bound(1, 0), Bound(2, text.Count));
    }

    public static long Find(Text text, Arguments arguments, string function, bool last)
    {
        var part = TextMethods.Part(arguments, 0, function);
        var (first, end) = Window(text, arguments);
        if (first > text.Count || end < first)
            return -1;
        var from = text.OffsetOf(first);
        var window = text.Value.AsSpan(from, text.OffsetOf(end) - from);
        var at = last ? window.LastIndexOf(part.Value) : window.IndexOf(part.Value);
        return at < 0 ? -1 : text.CharacterAt(from + at);
    }

    public static long Index(Text text, Arguments arguments, string function, bool last) =>
        Find(text, arguments, function, last) is var at and >= 0 ? at : throw TemplateException.Runtime("substring not found");

    public static long Count(Text text, Arguments arguments)
    {
        var part = TextMethods.Part(arguments, 0, "count");
        var (first, last) = Window(text, arguments);
        if (first > text.Count)
            return 0;
        var window = text.Between(first, last);
        return part.Length == 0 ? window.Count + 1 : Cuts(window.Value, part.Value).Count;
    }

    public static Text Replace(Runtime runtime, Text text, Text old, Text with, object? count)
    {
        var left = count is null || Operations.Index(count) < 0 ? long.MaxValue : Operations.Index(count);
        var output = new TextBuilder();
        var from = 0;
        foreach (var (start, end) in old.Length == 0 ? Gaps(text) : Cuts(text.Value, old.Value))
        {
            if (left-- <= 0)
                break;
            output.Append(text, from, start - from);
            output.Append(with);
            from = end;
            runtime.ChargeText(output.Length + 64L);
        }
        output.Append(text, from, text.Length - from);
        return output.ToText();
    }

    /// <param name="onlyTexts">As <c>str.join</c>; the filter makes texts of what is none.</param>
    public static Text Join(Runtime runtime, Text separator, object? items, bool onlyTexts)
    {
        var output = new TextBuilder();
        var first = true;
        foreach (var item in Operations.Iterate(items))
        {
            if (onlyTexts && item is not Text)
                throw TemplateException.Runtime($"sequence item: expected str instance, {Operations.TypeName(item)} found");
            if (!first)
                output.Append(separator);
            first = false;
            output.Append(TextFormat.ToText(runtime, item));
            runtime.ChargeText(output.Length + 64L);
        }
        return output.ToText();
    }

    public static JinjaList Split(Runtime runtime, Text text, Arguments arguments, bool fromEnd)
    {
        var limit = arguments.Get(1, "maxsplit") is { } given && Operations.Index(given) >= 0 ? Operations.Index(given) : long.MaxValue;
        var pieces = arguments.Get(0, "sep") switch
        {
            null => SplitAtSpace(text, limit, fromEnd),
            Text { Length: 0 } => throw TemplateException.Runtime("empty separator"),
            Text separator => SplitAt(text, Cuts(text.Value, separator.Value, fromEnd), limit, fromEnd),
            var other => throw TemplateException.Runtime($"must be str or None, not {Operations.TypeName(other)}"),
        };
        runtime.ChargeList(pieces.Count);
        return pieces;
    }

    public static JinjaList Lines(Runtime runtime, Text text, bool keepEnds)
    {
        var lines = new JinjaList([]);
        var from = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!PythonText.IsLineEnd(text.Value[i]))
                continue;
            var end = i;
            if (text.Value[i] == '\r' && i + 1 < text.Length && text.Value[i + 1] == '\n')
                i++;
            lines.Add(text.Slice(from, (keepEnds ? i + 1 : end) - from));
            from = i + 1;
        }
        if (from < text.Length)
            lines.Add(text.Slice(from, text.Length - from));
        runtime.ChargeList(lines.Count);
        return lines;
    }

    public static JinjaTuple Partition(Text text, Text separator, bool last)
    {
        if (separator.Length == 0)
            throw TemplateException.Runtime("empty separator");
        var at = last ? text.Value.LastIndexOf(separator.Value, StringComparison.Ordinal) : text.Value.IndexOf(separator.Value, StringComparison.Ordinal);
        if (at < 0)
            return new JinjaTuple(last ? [Text.Empty, Text.Empty, text] : [text, Text.Empty, Text.Empty]);
        var end = at + separator.Length;
        return new JinjaTuple([text.Slice(0, at), text.Slice(at, separator.Length), text.Slice(end, text.Length - end)]);
    }

    private static JinjaList SplitAt(Text text, List<(int Start, int End)> cuts, long limit, bool fromEnd)
    {
        if (limit < cuts.Count)
            cuts = fromEnd ? cuts[^(int)limit..] : cuts[..(int)limit];
        var pieces = new JinjaList([]);
        var from = 0;
        foreach (var (start, end) in cuts)
        {
            pieces.Add(text.Slice(from, start - from));
            from = end;
        }
        pieces.Add(text.Slice(from, text.Length - from));
        return pieces;
    }

    /// <summary>White space at both ends separates nothing.</summary>
    private static JinjaList SplitAtSpace(Text text, long limit, bool fromEnd)
    {
        var body = TextMethods.Strip(text, null, true, true);
        if (body.Length == 0)
            return new JinjaList([]);
        var cuts = SpaceCuts(body.Value);
        if (limit > cuts.Count)
            return SplitAt(body, cuts, limit, fromEnd);
        // The limit is used up before the last piece: that one keeps the white space at its far end.
        body = TextMethods.Strip(text, null, !fromEnd, fromEnd);
        cuts = [.. SpaceCuts(body.Value).Where(cut => cut.Start > 0 && cut.End < body.Length)];
        return SplitAt(body, cuts, limit, fromEnd);
    }

    private static List<(int Start, int End)> Gaps(Text text) =>
        [.. Enumerable.Range(0, text.Count + 1).Select(i => (text.OffsetOf(i), text.OffsetOf(i)))];

    private static List<(int Start, int End)> Cuts(string text, string separator, bool fromEnd = false)
    {
        var cuts = new List<(int, int)>();
        if (fromEnd)
        {
            for (var at = Last(text.Length); at >= 0; at = Last(at))
                cuts.Insert(0, (at, at + separator.Length));
            return cuts;
        }
        for (var at = text.IndexOf(separator, StringComparison.Ordinal); at >= 0; at = text.IndexOf(separator, at + separator.Length, StringComparison.Ordinal))
            cuts.Add((at, at + separator.Length));
        return cuts;

        int Last(int end) => text.AsSpan(0, end).LastIndexOf(separator);
    }

    private static List<(int Start, int End)> SpaceCuts(string text)
    {
        var cuts = new List<(int, int)>();
        for (var i = 0; i < text.Length; i++)
        {
            var start = i;
            while (i < text.Length && PythonText.IsSpace(text[i]))
                i++;
            if (i > start)
                cuts.Add((start, i));
        }
        return cuts;
    }
}
