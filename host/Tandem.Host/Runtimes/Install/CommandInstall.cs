using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>A runtime out of commands that run in its final folder: a Python environment knows its own place and cannot be moved.</summary>
internal sealed class CommandInstall(InstallRecipe recipe, RuntimeStore store, ToolRunner tools) : IInstallWork
{
    private static readonly TimeSpan Bound = TimeSpan.FromHours(1);

    public async Task<MadeRuntime> MakeAsync(string staging, InstallReport report, CancellationToken cancellationToken)
    {
        DiskSpace.Require(store.HomeFolder, recipe.DiskBytes);
        var folder = store.CreateInPlace(recipe.Runtime.Id);
        for (var number = 0; number < recipe.Commands.Count; number++)
        {
            var command = recipe.Commands[number];
            report.Step("running", 0.02 + (0.6 * number / recipe.Commands.Count), $"Step {number + 1} of {recipe.Commands.Count}: {Words(command)}");
            await RunAsync(command, folder, staging, cancellationToken);
        }

        return new MadeRuntime(recipe.Runtime, folder, InPlace: true);
    }

    private async Task RunAsync(LaunchPlan plan, string folder, string staging, CancellationToken cancellationToken)
    {
        var program = Path.IsPathRooted(plan.Executable) ? plan.Executable : ProgramPath.Find(plan.Executable);
        if (program is null)
            throw new InstallException($"{plan.Executable} was not found on this machine.", $"Install {plan.Executable}, then try again.");
        // The whole environment of the user: package managers have their index, proxy and certificates there. Only what they write
        // besides goes where it is swept.
        var environment = plan.Environment.ToDictionary(pair => pair.Key, string? (pair) => pair.Value);
        environment["TMPDIR"] = staging;
        var outcome = await tools.RunAsync(new ChildCommand(program, plan.Arguments, folder, environment), keepInput: false, Bound, cancellationToken);
        switch (outcome)
        {
            case ToolOutcome.Ended { ExitCode: 0 }:
                return;
            case ToolOutcome.Ended ended:
                var said = string.Join(" | ", ended.LastLines.Concat(ended.Output.Split('\n')).Where(line => line.Trim().Length > 0).TakeLast(3));
                throw DiskSpace.IsExhausted(store.HomeFolder) || ended.LastLines.Any(line => line.Contains("No space left", StringComparison.Ordinal))
                    ? new InstallException($"The disk was full during '{Words(plan)}'.", "Make room on the disk, then try again.")
                    : new InstallException($"'{Words(plan)}' ended with exit code {ended.ExitCode}: {said}", "Correct what it names, then try again.");
            case ToolOutcome.NotStarted failed:
                throw new InstallException($"'{Words(plan)}' cannot be started: {failed.Reason}", $"Check the installation of {plan.Executable}.");
            default:
                throw new InstallException($"'{Words(plan)}' did not end within {Bound.TotalMinutes:0} minutes.", "Check the network, then try again.");
        }
    }

    private static string Words(LaunchPlan plan)
    {
        const int longest = 80;
        var words = $"{Path.GetFileName(plan.Executable)} {string.Join(' ', plan.Arguments)}";
        return words.Length <= longest ? words : words[..longest] + "…";
    }
}
