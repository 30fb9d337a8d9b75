using System.Text.Json.Nodes;

namespace Tandem.Tests.Chat;

/// <summary>The template language itself, construct by construct, against what Python's jinja2 makes of it (Reference/README.md).</summary>
public sealed class TemplateLanguageTests
{
    [Fact]
    public void Every_construct_means_what_it_means_in_python()
    {
        var file = Path.Combine(RepositoryPaths.Root, "tests", "Tandem.Tests", "Chat", "Reference", "features.json");
        var problems = new List<string>();
        foreach (var group in JsonNode.Parse(File.ReadAllText(file))!["groups"]!.AsArray())
        {
            var arguments = group!["arguments"]!.AsObject();
            foreach (var example in group["cases"]!.AsArray())
            {
                var template = example!["template"]!.GetValue<string>();
                if (TemplateReference.Check(template, arguments, example.AsObject()) is { } problem)
                    problems.Add($"{template}\n    {problem}");
            }
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems.Take(20)));
    }
}
