using System.Text.RegularExpressions;
using Tandem.Tests.Support;

namespace Tandem.Tests.Architecture;

/// <summary>Rules that only the text of the source shows.</summary>
public sealed partial class SourceTests
{
    private static readonly string[] ProductFolders = ["protos", "plugins", "engines", "host"];

    [Fact]
    public void Processes_are_started_in_one_place_only()
    {
        Assert.Equal(["host/Tandem.Host/Workers/ChildProcess.cs"], ProductFilesWith(StartsProcess()));
        Assert.Equal(["host/Tandem.Host/Workers/ChildProcess.cs"], ProductFilesWith(UsesCliWrap()));
        Assert.Equal(["host/Tandem.Host/Workers/ChildLauncher.cs"], ProductFilesWith(StartsChild()));
    }

    [Fact]
    public void No_file_names_a_package_host_or_a_path_of_one_machine()
    {
        var offenders = new[] { "protos", "plugins", "engines", "host", "tests", "docs", ".ci", ".github" }
            .SelectMany(folder => Repository.Files(folder, "*"))
            .Where(file => Path.GetExtension(file) is ".cs" or ".csproj" or ".props" or ".json" or ".py" or ".md" or ".yml" or ".toml" or "")
            .Where(file => new FileInfo(file).Length < 1_000_000 && NamesHostOrMachine().IsMatch(File.ReadAllText(file)))
            .Select(Repository.Relative);
        Assert.Empty(offenders);
    }

    [Fact]
    public void Source_files_stay_short_enough_to_read_in_one_sitting()
    {
        var longFiles = ProductFolders.SelectMany(folder => Repository.Files(folder, "*.cs"))
            .Select(file => (File: Repository.Relative(file), Lines: File.ReadLines(file).Count()))
            .Where(file => file.Lines > 500);
        Assert.Empty(longFiles);
    }

    private static IEnumerable<string> ProductFilesWith(Regex pattern) => ProductFolders
        .SelectMany(folder => Repository.Files(folder, "*.cs"))
        .Where(file => pattern.IsMatch(File.ReadAllText(file)))
        .Select(Repository.Relative);

    [GeneratedRegex(@"\bChildProcess\.Start\(")]
    private static partial Regex StartsChild();

    [GeneratedRegex(@"\bProcess\.Start\(|\bnew Process\b|\bnew ProcessStartInfo\b|\bCli\.Wrap\(")]
    private static partial Regex StartsProcess();

    [GeneratedRegex(@"^using CliWrap|\bCliWrap\.", RegexOptions.Multiline)]
    private static partial Regex UsesCliWrap();

    [GeneratedRegex(@"registry\.npmjs|api\.nuget\.org|pypi\.org|files\.pythonhosted|(?<![\w./])/(work|farm|root)/")]
    private static partial Regex NamesHostOrMachine();
}
