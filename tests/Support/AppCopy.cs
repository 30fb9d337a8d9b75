using System.Runtime.InteropServices;
using FakeEngine.Scripts;

namespace Tandem.Tests.Support;

/// <summary>The built command with the fake engine beside the others.</summary>
internal static class AppCopy
{
    private const string RuntimeId = "fake@1.0.0+1-cpu";

    /// <param name="plugins">Test plugins that it has.</param>
    /// <returns>The folder of the executable.</returns>
    public static string Make(string root, params IReadOnlyList<string> plugins)
    {
        var app = Directory.CreateDirectory(Path.Combine(root, "app")).FullName;
        // Files are copied, because a program that is a link runs where it points to; the large folders are linked.
        foreach (var file in Directory.EnumerateFiles(AppFolder.Path))
            File.Copy(file, Path.Combine(app, Path.GetFileName(file)));
        Directory.CreateSymbolicLink(Path.Combine(app, "models"), Path.Combine(AppFolder.Path, "models"));
        foreach (var name in new[] { "plugins", "engines", "runtimes" })
        {
            Directory.CreateDirectory(Path.Combine(app, name));
            foreach (var entry in Directory.EnumerateDirectories(Path.Combine(AppFolder.Path, name)))
                Directory.CreateSymbolicLink(Path.Combine(app, name, Path.GetFileName(entry)), entry);
        }

        foreach (var plugin in plugins)
            Directory.CreateSymbolicLink(Path.Combine(app, "plugins", plugin), TestOutput.FolderOf(plugin));
        Directory.CreateSymbolicLink(Path.Combine(app, "engines", "fake"), TestOutput.FolderOf("FakeEngine"));
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(RuntimeFolder(app)).FullName, "manifest.json"), $$"""
            {"id": "{{RuntimeId}}", "engineId": "fake", "engineVersion": "1.0.0", "packageVersion": "1", "variant": "cpu",
             "operatingSystem": "{{(OperatingSystem.IsMacOS() ? "macos" : "linux")}}",
             "architecture": "{{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}}", "formats": ["fake"]}
            """);
        return app;
    }

    /// <summary>Sets the script of the fake engine's processes.</summary>
    public static void Script(string app, FakeScript process) => ScriptFile.Write(Path.Combine(RuntimeFolder(app), ScriptFile.ProcessScript), process);

    private static string RuntimeFolder(string app) => Path.Combine(app, "runtimes", RuntimeId);
}
