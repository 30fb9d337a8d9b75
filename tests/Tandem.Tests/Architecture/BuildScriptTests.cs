using System.Text.RegularExpressions;
using Tandem.Tests.Support;

namespace Tandem.Tests.Architecture;

/// <summary>
/// build.ps1 and .ci/run are two spellings of one list of commands. There may be no PowerShell where the tests run, so its script is
/// held to a form simple enough to be read here.
/// </summary>
public sealed partial class BuildScriptTests
{
    private static readonly string[] PowerShell = File.ReadAllLines(Path.Combine(Repository.Root, "build.ps1"));

    [Fact]
    public void The_PowerShell_script_runs_the_same_dotnet_commands_as_CI()
    {
        var ci = File.ReadLines(Path.Combine(Repository.Root, ".ci/run"))
            .Select(line => CiStep().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups["command"].Value);
        var steps = PowerShell.Select(line => Step().Match(line)).Where(match => match.Success).Select(match => match.Groups["command"].Value).ToList();
        Assert.NotEmpty(steps);
        Assert.Equal(ci, steps);
    }

    [Fact]
    public void Every_line_of_the_PowerShell_script_has_a_form_that_is_known_to_parse()
    {
        var unknown = PowerShell.Where(line => line.Length > 0 && !KnownLine().IsMatch(line));
        Assert.Empty(unknown);
        var text = string.Join('\n', PowerShell);
        Assert.Equal(text.Count(c => c == '{'), text.Count(c => c == '}'));
        Assert.Equal(text.Count(c => c == '('), text.Count(c => c == ')'));
        Assert.Equal(text.Count(c => c == '['), text.Count(c => c == ']'));
        Assert.Equal(0, text.Count(c => c == '\'') % 2);
    }

    [Fact]
    public void A_step_that_fails_ends_the_PowerShell_script_with_its_exit_code() =>
        Assert.Contains(PowerShell, line => line.Trim() == "if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }");

    [GeneratedRegex(@"^step '[^']*' (?<command>dotnet .*)$")]
    private static partial Regex CiStep();

    [GeneratedRegex(@"^(if \(\$Functional\) \{ )?Invoke-Step '(?<command>[^']*)'( \})?$")]
    private static partial Regex Step();

    [GeneratedRegex(@"^(#.*|param\(\[switch\]\$\w+\)|\$ErrorActionPreference = 'Stop'|Set-Location \$PSScriptRoot|function [\w-]+\(\[string\]\$\w+\) \{|    Write-Host ""[^""]*""|    \$words = \$Command -split ' '|    & \$words\[0\] \$words\[1\.\.\(\$words\.Length - 1\)\]|    if \(\$LASTEXITCODE -ne 0\) \{ exit \$LASTEXITCODE \}|\}|(if \(\$Functional\) \{ )?Invoke-Step '[^']*'( \})?)$")]
    private static partial Regex KnownLine();
}
