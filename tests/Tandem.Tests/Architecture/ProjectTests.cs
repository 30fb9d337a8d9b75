using System.Xml.Linq;
using Tandem.Tests.Support;

namespace Tandem.Tests.Architecture;

/// <summary>The rules of the layout: which project may know which, and what may lie in the root.</summary>
public sealed class ProjectTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Tandem.Protocol"] = [],
        ["Tandem.Plugins.Abstractions"] = [],
        ["Tandem.Plugins.LlamaCpp"] = ["Tandem.Plugins.Abstractions"],
        ["Tandem.Plugins.Mlx"] = ["Tandem.Plugins.Abstractions"],
        ["Tandem.Engine.Worker"] = ["Tandem.Protocol"],
        ["Tandem.Engine.LlamaCpp"] = ["Tandem.Engine.Worker"],
        ["Tandem.Runtimes"] = [],
        ["Tandem.Web"] = [],
        ["Tandem.Host"] = ["Tandem.Plugins.Abstractions", "Tandem.Protocol"],
        ["Tandem.Cli"] = ["Tandem.Host"],
    };

    private static readonly string[] RootNames =
    [
        ".ci", ".editorconfig", ".git", ".gitattributes", ".github", ".gitignore", "CONTRIBUTING.md", "Directory.Build.props", "Directory.Packages.props",
        "LICENSE", "README.md", "Runtime.sln", "SECURITY.md", "artifacts", "build.ps1", "docs", "engines", "global.json", "host", "plugins", "protos", "tests",
    ];

    public static TheoryData<string> Projects =>
        [.. new[] { "protos", "plugins", "engines", "host" }.SelectMany(folder => Repository.Files(folder, "*.csproj")).Select(Repository.Relative)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_architecture_allows(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.ContainsKey(name), $"{name} is not in the table of allowed references.");
        var references = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference")
            // Built along, not referenced: what lies beside the executable.
            .Where(reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false")
            .Select(reference => Path.GetFileNameWithoutExtension(((string)reference.Attribute("Include")!).Replace('\\', '/')));
        Assert.Empty(references.Except(Allowed[name]));
    }

    [Fact]
    public void The_plugin_contract_references_no_package_but_analysers()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "plugins/Tandem.Plugins.Abstractions/Tandem.Plugins.Abstractions.csproj"));
        Assert.Empty(project.Descendants("PackageReference"));
    }

    [Fact]
    public void The_host_assembly_knows_no_engine_and_no_plugin() =>
        Assert.DoesNotContain(
            typeof(Host.Failure).Assembly.GetReferencedAssemblies(),
            reference => reference.Name!.StartsWith("Tandem.Engine", StringComparison.Ordinal)
                || (reference.Name.StartsWith("Tandem.Plugins", StringComparison.Ordinal) && reference.Name != "Tandem.Plugins.Abstractions"));

    [Fact]
    public void The_root_holds_the_names_of_the_layout_and_no_other() =>
        Assert.Empty(Directory.EnumerateFileSystemEntries(Repository.Root).Select(Path.GetFileName).Except(RootNames));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Runtime.sln")).Replace('\\', '/');
        var missing = new[] { "protos", "plugins", "engines", "host", "tests" }
            .SelectMany(folder => Repository.Files(folder, "*.csproj"))
            .Select(Repository.Relative)
            .Where(project => !solution.Contains(project, StringComparison.Ordinal));
        Assert.Empty(missing);
    }
}
