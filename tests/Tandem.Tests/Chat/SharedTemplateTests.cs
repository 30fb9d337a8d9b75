using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Tandem.Tests.Chat;

/// <summary>
/// Templates of many models, where the shared test data is at hand. TANDEM_TEMPLATE_CASES (a file as <c>render_reference.py</c> writes it)
/// and TANDEM_TEMPLATE_DIR (the folder of its templates) put others in their place.
/// </summary>
public sealed class SharedTemplateTests(ITestOutputHelper output)
{
    [Fact]
    public void The_templates_of_many_models_are_rendered_as_python_renders_them()
    {
        var (folder, cases) = Place();
        Assert.SkipUnless(File.Exists(cases), "The shared test data is not here.");
        var reference = JsonNode.Parse(File.ReadAllText(cases))!.AsObject();
        var problems = new List<string>();
        var total = 0;
        var began = Stopwatch.GetTimestamp();
        foreach (var (template, expectations) in reference["expected"]!.AsObject())
        {
            var source = File.ReadAllText(Path.Combine(folder, template));
            foreach (var (name, expected) in expectations!.AsObject())
            {
                total++;
                if (TemplateReference.Check(source, reference["cases"]![name]!.AsObject(), expected!.AsObject()) is { } problem)
                    problems.Add($"{template} {name}: {problem}");
            }
        }

        output.WriteLine($"{total - problems.Count} of {total} cases in {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0} ms, parsing included");
        Assert.True(problems.Count == 0, string.Join('\n', problems.Take(20)));
    }

    private static (string Folder, string Cases) Place()
    {
        var folder = Environment.GetEnvironmentVariable("TANDEM_TEMPLATE_DIR") is { Length: > 0 } given
            ? given
            : Path.Combine(RepositoryPaths.Shared ?? "", "testdata", "templates");
        return (folder, Environment.GetEnvironmentVariable("TANDEM_TEMPLATE_CASES") is { Length: > 0 } cases ? cases : Path.Combine(folder, "expected.json"));
    }
}
