using System.Text.Json.Nodes;

namespace Tandem.Tests.Chat;

/// <summary>The templates of the models at hand, against cases rendered by Python's jinja2 (Reference/README.md).</summary>
public sealed class ReferenceTests
{
    private static readonly string Folder = Path.Combine(RepositoryPaths.Root, "tests", "Tandem.Tests", "Chat", "Reference");
    private static readonly JsonObject Reference = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json")))!.AsObject();

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (var (template, cases) in Reference["expected"]!.AsObject())
        {
            foreach (var (name, _) in cases!.AsObject())
                data.Add(template, name);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_chat_is_rendered_as_python_renders_it(string template, string name)
    {
        var source = File.ReadAllText(template == "storyteller.jinja"
            ? Path.Combine(RepositoryPaths.EmbeddedModels, "recipe", "chat_template.jinja")
            : Path.Combine(Folder, template));
        var arguments = Reference["cases"]![name]!.AsObject();
        Assert.Null(TemplateReference.Check(source, arguments, Reference["expected"]![template]![name]!.AsObject()));
    }
}
