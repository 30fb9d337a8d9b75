namespace Tandem.Tests.Support;

/// <summary>The folder with larger models, wheels and test data: <c>TANDEM_SHARED</c>, else <c>../shared</c> beside the repository.</summary>
internal static class SharedFolder
{
    /// <summary>Null where there is none: what needs it is skipped with <see cref="Missing"/>.</summary>
    public static string? Path { get; } = Find();

    public static string Missing => "there is no ../shared folder (TANDEM_SHARED)";

    private static string? Find()
    {
        var named = Environment.GetEnvironmentVariable("TANDEM_SHARED");
        var folder = System.IO.Path.GetFullPath(string.IsNullOrEmpty(named) ? System.IO.Path.Combine(Repository.Root, "..", "shared") : named);
        return Directory.Exists(folder) ? folder : null;
    }
}
