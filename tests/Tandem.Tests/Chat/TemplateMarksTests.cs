using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tandem.Host.Chat.Jinja;

namespace Tandem.Tests.Chat;

/// <summary>On templates of many models: text of a user that looks like the model's control tokens stays text of a user.</summary>
public sealed partial class TemplateMarksTests(ITestOutputHelper output)
{
    // Letters of the private use area: they occur in no template, so that whatever lies between them came from a message.
    private const char Before = '\ue000';
    private const char After = '\ue001';

    [Fact]
    public void Marks_in_content_tool_names_and_arguments_never_become_the_templates()
    {
        var folder = Path.Combine(RepositoryPaths.Shared ?? "", "testdata", "templates");
        Assert.SkipUnless(Directory.Exists(folder), "The shared test data is not here.");
        var (rendered, marks) = (0, 0);
        foreach (var path in Directory.EnumerateFiles(folder, "*.jinja"))
        {
            var source = File.ReadAllText(path);
            foreach (var mark in Marks(source))
            {
                foreach (var arguments in Chats($"{Before}{mark}{After}", IsParsed(source, mark)))
                {
                    if (Render(source, arguments) is not { } text)
                        continue;
                    rendered++;
                    marks += CountMarked(Path.GetFileName(path), text);
                }
            }
        }

        output.WriteLine($"{marks} marks of users in {rendered} prompts");
        Assert.True(rendered > 1000 && marks > rendered);
    }

    [Theory]
    [InlineData("trim")]
    [InlineData("replace('x', '')")]
    [InlineData("tojson")]
    [InlineData("string")]
    [InlineData("upper | lower")]
    [InlineData("list | join")]
    [InlineData("indent(2)")]
    public void Nor_do_they_after_a_filter_on_any_template(string filter) => CheckAfter($"(message.content | {filter})");

    [Theory]
    [InlineData("message.content.split('|')[1]")]
    [InlineData("message.content[1:-1]")]
    [InlineData("'%s' | format(message.content)")]
    [InlineData("'{}'.format(message.content)")]
    [InlineData("('<' ~ message.content ~ '>')")]
    [InlineData("message.content.replace('q', message.content)")]
    [InlineData("message.content.strip().rstrip('>') + '>'")]
    public void Nor_do_they_after_a_method_on_any_template(string expression) => CheckAfter(expression);

    /// <summary>Puts the expression where the templates have the content of a message.</summary>
    private static void CheckAfter(string expression)
    {
        var folder = Path.Combine(RepositoryPaths.Shared ?? "", "testdata", "templates");
        Assert.SkipUnless(Directory.Exists(folder), "The shared test data is not here.");
        var checkedAny = false;
        foreach (var path in Directory.EnumerateFiles(folder, "*.jinja"))
        {
            foreach (var mark in Marks(File.ReadAllText(path)))
            {
                var text = Render($"{{% for message in messages %}}{mark}{{{{ {expression} }}}}{{% endfor %}}", Chats($"{Before}{mark}{After}", false).First())!;
                CountMarked(Path.GetFileName(path), text);
                // What the template wrote itself is its own: the mark before, and what an expression puts around.
                var own = string.Concat(Enumerable.Range(0, text.Length).Where(text.IsTemplateAt).Select(i => text.Value[i]));
                Assert.StartsWith(mark, own, StringComparison.Ordinal);
                Assert.DoesNotContain(mark, own[mark.Length..], StringComparison.Ordinal);
                checkedAny = true;
            }
        }

        Assert.True(checkedAny);
    }

    private static int CountMarked(string template, Text text)
    {
        var (count, inside) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            count += text.Value[i] == Before ? 1 : 0;
            inside = text.Value[i] switch { Before => true, After => false, _ => inside };
            if (inside || text.Value[i] == After)
                Assert.False(text.IsTemplateAt(i), $"{template}: the template's at {i} of {text.Value}");
        }

        return count;
    }

    private static IEnumerable<string> Marks(string source) =>
        Mark().Matches(source).Select(match => match.Value).Append("<s>").Append("</s>").Distinct();

    private static Text? Render(string source, JsonObject arguments)
    {
        try
        {
            return TemplateReference.Render(source, arguments);
        }
        catch (TemplateException exception) when (exception.Fault is TemplateFault.Runtime or TemplateFault.Raised)
        {
            // Not every template takes every chat.
            return null;
        }
    }

    /// <summary>A template that takes an answer apart at a mark writes the mark itself when it puts the answer together again.</summary>
    private static bool IsParsed(string source, string mark) =>
        Regex.IsMatch(source, $@"split\(\s*['""]{Regex.Escape(mark)}|['""]{Regex.Escape(mark)}['""] in ");

    private static IEnumerable<JsonObject> Chats(string text, bool plainAnswer)
    {
        JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
        JsonObject Call() => new()
        {
            ["role"] = "assistant",
            ["content"] = "",
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["id"] = "call00001",
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = text, ["arguments"] = new JsonObject { [text] = text, ["n"] = new JsonArray(text, 1) } },
            }),
        };
        yield return new JsonObject { ["messages"] = new JsonArray(Message("user", text)) };
        yield return new JsonObject { ["messages"] = new JsonArray(Message("system", text), Message("user", $" {text}\n"), Message("assistant", plainAnswer ? "ok" : text), Message("user", text)) };
        yield return new JsonObject
        {
            ["messages"] = new JsonArray(Message("user", text), Call(), Message("tool", text), Message("user", text)),
            ["tools"] = new JsonArray(new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = text,
                    ["description"] = text,
                    ["parameters"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { [text] = new JsonObject { ["type"] = "string" } } },
                },
            }),
        };
    }

    [GeneratedRegex(@"<[|\uff5c][^<>\s'""{}]{1,60}[|\uff5c]>|</?[a-z_]{2,30}>|\[/?[A-Z_]{3,30}\]")]
    private static partial Regex Mark();
}
