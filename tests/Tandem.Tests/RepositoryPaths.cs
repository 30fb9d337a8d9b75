using Tandem.Tests.Support;

namespace Tandem.Tests;

/// <summary>Places of the source tree, found from where the tests run.</summary>
internal static class RepositoryPaths
{
    public static string Root => Repository.Root;

    public static string EmbeddedModels => Path.Combine(Root, "host", "models");

    /// <inheritdoc cref="SharedFolder.Path"/>
    public static string? Shared => SharedFolder.Path;
}
