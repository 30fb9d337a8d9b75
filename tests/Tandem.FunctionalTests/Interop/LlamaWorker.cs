using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Interop;

/// <summary>The built llama.cpp worker and a library for it.</summary>
internal static class LlamaWorker
{
    public static string Executable { get; } = Path.Combine(
        TestOutput.FolderOf("Tandem.Engine.LlamaCpp"), OperatingSystem.IsWindows() ? "Tandem.Engine.LlamaCpp.exe" : "Tandem.Engine.LlamaCpp");

    /// <summary>Skips the running test where the build fetched no library.</summary>
    public static string RequireRuntime()
    {
        var runtimes = Path.Combine(Repository.Root, "artifacts", "runtimes");
        var runtime = Directory.Exists(runtimes) ? Directory.EnumerateDirectories(runtimes, "llama.cpp@*").Order().FirstOrDefault() : null;
        Assert.SkipWhen(runtime is null, "no llama.cpp library was fetched by the build");
        return runtime!;
    }
}
