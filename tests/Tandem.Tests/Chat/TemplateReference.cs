using System.Text.Json.Nodes;
using Tandem.Host.Chat.Jinja;

namespace Tandem.Tests.Chat;

/// <summary>Renders the cases of a reference file and compares.</summary>
internal static class TemplateReference
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Null when the outcome is the reference's; else what came out instead. A case that fails in Python must fail here too.</summary>
    public static string? Check(string source, JsonObject arguments, JsonObject expected)
    {
        try
        {
            var text = Render(source, arguments).Value;
            return expected["ok"]?.GetValue<string>() is not { } wanted ? $"rendered, and the reference fails: {expected["err"]}"
                : text == wanted ? null : $"differs from character {FirstDifference(text, wanted)} on: {Around(text, wanted)}";
        }
        catch (TemplateException exception)
        {
            return expected["err"] is not null
                ? null
                : $"{exception.Fault}, line {exception.Line}: {exception.Message}";
        }
    }

    public static Text Render(string source, JsonObject arguments)
    {
        var variables = new Dictionary<string, object?>
        {
            ["add_generation_prompt"] = true,
            ["bos_token"] = Text.FromTemplate("<s>"),
            ["eos_token"] = Text.FromTemplate("</s>"),
        };
        foreach (var (name, value) in arguments)
            variables[name] = ValueConverter.FromJson(value);
        return JinjaTemplate.Parse(source).Render(variables, TemplateLimits.Default, Now, CancellationToken.None);
    }

    private static int FirstDifference(string left, string right)
    {
        var i = 0;
        while (i < left.Length && i < right.Length && left[i] == right[i])
            i++;
        return i;
    }

    private static string Around(string text, string wanted)
    {
        var at = FirstDifference(text, wanted);
        static string Piece(string text, int at) => text[Math.Max(0, at - 20)..Math.Min(text.Length, at + 40)].Replace("\n", "\\n", StringComparison.Ordinal);
        return $"[{Piece(text, at)}] instead of [{Piece(wanted, at)}]";
    }
}
