using System.Text.Json;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>
/// The npm registry through the npm client, because only it knows the machine's registry, proxy, certificates and credentials. It retries
/// what breaks on the way; a package that arrived whole is kept until the installation is done, so none is fetched twice.
/// </summary>
internal sealed class NpmPackages(ToolRunner tools) : IPackageFetcher
{
    private const string Mark = "npm error ";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(60);
    private static readonly string[] Fields = ["code ", "errno ", "syscall ", "path ", "dest ", "A complete log"];

    public async Task<FetchedPackage> FetchAsync(PackageSource package, string folder, CancellationToken cancellationToken)
    {
        var name = $"{package.Name}@{package.Version}";
        if (ProgramPath.Find("npm") is not { } npm)
            throw new InstallException("npm was not found, and packages come through it.", "Install Node.js, or add a build of your own: tandem runtime add PATH");
        var command = new ChildCommand(
            npm, ["pack", name, "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder], folder, new Dictionary<string, string?>());
        switch (await tools.RunAsync(command, keepInput: false, Bound, cancellationToken))
        {
            case ToolOutcome.Ended { ExitCode: 0 } ended when ReadAnswer(ended.Output) is var (file, integrity):
                return new FetchedPackage(Path.Combine(folder, file), integrity);
            case ToolOutcome.Ended ended:
                throw Explain(name, ended);
            case ToolOutcome.NotStarted failed:
                throw new InstallException($"npm cannot be started: {failed.Reason}", "Check the installation of Node.js.");
            default:
                throw new InstallException($"npm did not get {name} within {Bound.TotalMinutes:0} minutes.", "Check the network, then try again.");
        }
    }

    private static InstallException Explain(string name, ToolOutcome.Ended ended)
    {
        var said = ended.LastLines.Where(line => line.StartsWith(Mark, StringComparison.Ordinal)).Select(line => line[Mark.Length..].Trim()).ToList();
        var code = said.FirstOrDefault(line => line.StartsWith("code ", StringComparison.Ordinal))?["code ".Length..];
        // What is left besides its fields is the sentence for people.
        var reason = said.FirstOrDefault(line => !Fields.Any(field => line.StartsWith(field, StringComparison.Ordinal)))?.TrimEnd('.')
            ?? code ?? $"exit code {ended.ExitCode}";
        return code switch
        {
            "ENOSPC" => new InstallException($"The disk was full while npm fetched {name}.", "Make room on the disk, then try again."),
            "E404" or "ETARGET" => new InstallException($"The npm registry has no {name}: {reason}.", "Choose another version: tandem runtime get --list"),
            _ => new InstallException($"npm could not get {name}: {reason}.", "Check the network and npm's settings (npm ping), then try again. What is installed goes on working."),
        };
    }

    private static (string File, string? Integrity)? ReadAnswer(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var packed = document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement[0] : document.RootElement;
            var file = packed.GetProperty("filename").GetString();
            // Older clients print the scope's slash, newer ones the file's real name.
            return file is null ? null : (Path.GetFileName(file.Replace("@", "", StringComparison.Ordinal).Replace('/', '-')), packed.TryGetProperty("integrity", out var integrity) ? integrity.GetString() : null);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
