using System.Diagnostics;

namespace Tandem.Bench.Reference;

/// <summary>Runs the model tools of the shared folder, in a virtual environment that is made once from its wheels.</summary>
internal static class PythonTool
{
    private static readonly string[] Packages = ["numpy", "gguf"];

    /// <exception cref="InvalidOperationException">The tool failed; its last words are in the message.</exception>
    public static async Task RunAsync(string tool, IReadOnlyList<string> arguments)
    {
        var shared = ReferencePairs.Shared();
        var folder = Path.Combine(ReferencePairs.Folder, "python");
        var python = OperatingSystem.IsWindows() ? Path.Combine(folder, "Scripts", "python.exe") : Path.Combine(folder, "bin", "python");
        var stamp = Path.Combine(folder, "complete");
        if (!File.Exists(stamp))
        {
            await RunProcessAsync("python3", ["-m", "venv", "--clear", folder]);
            await RunProcessAsync(python, ["-m", "pip", "install", "--quiet", "--no-index", "--find-links", Path.Combine(shared, "wheelhouse"), .. Packages]);
            await File.WriteAllTextAsync(stamp, "");
        }

        await RunProcessAsync(python, [Path.Combine(shared, "tools", tool), .. arguments]);
    }

    private static async Task RunProcessAsync(string executable, IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(executable, arguments) { RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{executable} {arguments[0]} ended with {process.ExitCode}: {errors}");
    }
}
