using System.Diagnostics;
using System.Reflection;

namespace Tandem.Bench;

/// <summary>Figures of a build for debugging are not figures.</summary>
internal static class OptimizedBuild
{
    /// <summary>Name of the first of our assemblies beside this one, itself included, that the JIT must not optimise; null when none is.</summary>
    public static string? FirstThatIsNot() => Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
        .Where(path => Path.GetFileName(path) is var name && (name.StartsWith("Tandem.", StringComparison.Ordinal) || name == "FakeEngine.dll"))
        .Select(Assembly.LoadFrom)
        .FirstOrDefault(assembly => assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
        ?.GetName().Name;
}
