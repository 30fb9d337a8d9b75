using System.Reflection;

namespace Tandem.Tests.Support;

/// <summary>The folder of the built <c>tandem</c> with everything beside it.</summary>
internal static class AppFolder
{
    public static string Path { get; } = typeof(AppFolder).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "AppFolder").Value!;
}
