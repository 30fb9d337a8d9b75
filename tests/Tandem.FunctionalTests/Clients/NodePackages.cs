using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Clients;

/// <summary>The npm packages that are tested with, installed once under artifacts/; what package.json says names the folder.</summary>
internal static class NodePackages
{
    private static readonly TimeSpan InstallBound = TimeSpan.FromMinutes(5);
    private static readonly Lazy<Task<(string? Folder, string Reason)>> Shared = new(InstallAsync);

    private static string Scripts => Path.Combine(AppContext.BaseDirectory, "Clients", "scripts");

    /// <summary>A script of this folder, ready to start; skips the running test where there is no npm.</summary>
    public static async Task<ProcessStartInfo> ScriptAsync(string name)
    {
        var (folder, reason) = await Shared.Value;
        Assert.SkipWhen(folder is null, reason);
        // Packages are found from where a script lies.
        File.Copy(Path.Combine(Scripts, name), Path.Combine(folder!, name), overwrite: true);
        return new ProcessStartInfo("node", [Path.Combine(folder!, name)]);
    }

    /// <summary>A program of one of the packages, ready to start; skips the running test where there is no npm.</summary>
    /// <param name="path">Below <c>node_modules</c>.</param>
    public static async Task<ProcessStartInfo> ToolAsync(string path)
    {
        var (folder, reason) = await Shared.Value;
        Assert.SkipWhen(folder is null, reason);
        return new ProcessStartInfo("node", [Path.Combine(folder!, "node_modules", path)]);
    }

    private static async Task<(string?, string)> InstallAsync()
    {
        var manifest = Path.Combine(Scripts, "package.json");
        var key = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(manifest)))[..12];
        var folder = Path.Combine(Repository.Root, "artifacts", "npm-clients", key);
        var stamp = Path.Combine(folder, "complete");
        if (File.Exists(stamp))
            return (folder, "");
        Directory.CreateDirectory(folder);
        File.Copy(manifest, Path.Combine(folder, "package.json"), overwrite: true);
        try
        {
            string[] install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
            var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
            await PythonEnvironment.RunAsync(new ProcessStartInfo(npm, install) { WorkingDirectory = folder }, InstallBound);
        }
        catch (Win32Exception)
        {
            return (null, "there is no npm");
        }

        await File.WriteAllTextAsync(stamp, "");
        return (folder, "");
    }
}
