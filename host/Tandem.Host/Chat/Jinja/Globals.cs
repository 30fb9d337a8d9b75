using System.Globalization;
using System.Text;

namespace Tandem.Host.Chat.Jinja;

/// <summary>Functions that every chat template may expect.</summary>
internal static class Globals
{
    private static readonly Dictionary<string, Function> All = new[]
    {
        new Function("range", Range),
        new Function("dict", (_, arguments) =>
        {
            var dict = MakeDict(arguments);
            foreach (var (name, value) in arguments.Named)
                dict[Text.FromTemplate(name)] = value;
            return dict;
        }),
        new Function("namespace", (_, arguments) =>
        {
            var space = new Namespace();
            foreach (var (key, value) in MakeDict(arguments))
                space.Values[key.ToString() ?? ""] = value;
            foreach (var (name, value) in arguments.Named)
                space.Values[name] = value;
            return space;
        }),
        new Function("cycler", (_, arguments) => Cycler(arguments.Positional)),
        new Function("joiner", (runtime, arguments) =>
        {
            var (separator, used) = (arguments.Get(0, "sep", Text.FromTemplate(", ")), false);
            return new Function("joiner", (_, _) =>
            {
                var value = used ? separator : Text.Empty;
                used = true;
                return value;
            });
        }),
        new Function("raise_exception", (runtime, arguments) => throw new TemplateException(
            TemplateFault.Raised, TextFormat.ToText(runtime, arguments.Require(0, "message", "raise_exception")).Value)),
        new Function("strftime_now", (runtime, arguments) =>
            Text.FromTemplate(FormatTime(runtime.Now, TextFormat.ToText(runtime, arguments.Require(0, "format", "strftime_now")).Value))),
    }.ToDictionary(function => function.Name);

    public static Function? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>The positional argument of <c>dict()</c>: another dict, or pairs.</summary>
    private static JinjaDict MakeDict(Arguments arguments)
    {
        arguments.AtMost(1, "dict");
        var dict = new JinjaDict();
        switch (arguments.Positional)
        {
            case []:
                break;
            case [JinjaDict given]:
                return new JinjaDict(given);
            case [var pairs]:
                foreach (var pair in Operations.Iterate(pairs))
                {
                    if (Operations.Iterate(pair).ToList() is not [var key, var value])
                        throw TemplateException.Runtime("dictionary update sequence element has not length 2");
                    dict[JinjaDict.Key(key)] = value;
                }
                break;
        }
        return dict;
    }

    private static Function Cycler(List<object?> items)
    {
        if (items.Count == 0)
            throw TemplateException.Runtime("at least one item has to be provided");
        var place = 0;
        var next = new Function("next", (_, _) => items[place++ % items.Count]);
        var reset = new Function("reset", (_, _) =>
        {
            place = 0;
            return null;
        });
        return new Function("cycler", (_, _) => throw TemplateException.Runtime("'Cycler' object is not callable"))
        {
            Attributes = name => name switch
            {
                "next" => next,
                "reset" => reset,
                "current" => items[place % items.Count],
                _ => null,
            },
        };
    }

    private static JinjaRange Range(Runtime runtime, Arguments arguments)
    {
        var given = arguments.Positional.Select(value => Operations.IsWhole(value)
            ? Operations.Whole(value)
            : throw TemplateException.Runtime("range() needs integers")).ToList();
        var (start, stop, step) = given switch
        {
            [var end] => (0L, end, 1L),
            [var from, var end] => (from, end, 1L),
            [var from, var end, var by] when by != 0 => (from, end, by),
            _ => throw TemplateException.Runtime("range() needs one to three integers, the third not 0"),
        };
        var count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        runtime.ChargeList(count > int.MaxValue ? int.MaxValue : (long)count);
        return new JinjaRange(start, stop, step, Enumerable.Range(0, (int)count).Select(i => (object?)(start + (i * step))));
    }

    /// <summary>The directives of <c>strftime</c> that templates use; another one ends the rendering by name.</summary>
    private static string FormatTime(DateTimeOffset now, string format)
    {
        var output = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                output.Append(format[i]);
                continue;
            }
            i++;
            var bare = format[i] == '-' && i + 1 < format.Length;
            if (bare)
                i++;
            var part = Part(now, format[i]);
            output.Append(bare && part.Length > 1 ? part.TrimStart('0').PadLeft(1, '0') : part);
        }
        return output.ToString();
    }

    private static string Part(DateTimeOffset now, char directive)
    {
        string As(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        string Whole(int number, int places = 2) => number.ToString("D" + places.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var weekday = (int)now.DayOfWeek;
        return directive switch
        {
            'Y' => As("yyyy"),
            'y' => As("yy"),
            'C' => Whole(now.Year / 100),
            'm' => As("MM"),
            'd' => As("dd"),
            'e' => As("%d").PadLeft(2),
            'B' => As("MMMM"),
            'b' or 'h' => As("MMM"),
            'A' => As("dddd"),
            'a' => As("ddd"),
            'H' => As("HH"),
            'I' => As("hh"),
            'M' => As("mm"),
            'S' => As("ss"),
            'f' => As("ffffff"),
            'p' => As("tt"),
            'F' => As("yyyy-MM-dd"),
            'T' or 'X' => As("HH:mm:ss"),
            'R' => As("HH:mm"),
            'r' => As("hh:mm:ss tt"),
            'D' or 'x' => As("MM'/'dd'/'yy"),
            'c' => As("ddd MMM ") + As("%d").PadLeft(2) + As(" HH:mm:ss yyyy"),
            'j' => Whole(now.DayOfYear, 3),
            'w' => Whole(weekday, 1),
            'u' => Whole(weekday == 0 ? 7 : weekday, 1),
            'U' => Whole((now.DayOfYear + 6 - weekday) / 7),
            'W' => Whole((now.DayOfYear + 6 - ((weekday + 6) % 7)) / 7),
            'G' => Whole(ISOWeek.GetYear(now.DateTime), 4),
            'V' => Whole(ISOWeek.GetWeekOfYear(now.DateTime)),
            'n' => "\n",
            't' => "\t",
            // Python's time of a chat template has no zone.
            'z' or 'Z' => "",
            '%' => "%",
            _ => throw TemplateException.Unsupported($"the time format '%{directive}'"),
        };
    }
}
