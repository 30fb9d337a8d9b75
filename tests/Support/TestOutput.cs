using System.Reflection;

namespace Tandem.Tests.Support;

/// <summary>Where the build put things that tests start or load without referring to their assemblies (TestPlugins.targets).</summary>
internal static class TestOutput
{
    /// <summary>Output folder of a project: FakeEngine, Tandem.Engine.LlamaCpp, FakePlugin, WrongContractPlugin, ThrowingPlugin, MissingDependencyPlugin.</summary>
    public static string FolderOf(string project) => typeof(TestOutput).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(attribute => attribute.Key == $"TestOutput:{project}")?.Value
        ?? throw new InvalidOperationException($"{project} is not among the outputs that TestPlugins.targets names");

    public static string FakeEngine { get; } = Path.Combine(FolderOf("FakeEngine"), OperatingSystem.IsWindows() ? "FakeEngine.exe" : "FakeEngine");
}
