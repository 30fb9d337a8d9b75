namespace Tandem.Host.Models;

/// <summary>
/// The Hugging Face cache keeps <c>models--ORG--NAME/snapshots/REVISION/</c> with links into <c>blobs/</c>. Of several revisions the one
/// that <c>refs/main</c> names is the model; the others are what it was before.
/// </summary>
internal static class HuggingFaceCache
{
    private const string Prefix = "models--";
    private const string Snapshots = "snapshots";
    private const int LongestReference = 256;

    /// <summary><c>org/name</c> when a folder of the path is a cached repository's; null when none is.</summary>
    public static string[]? NameIn(string[] segments) =>
        Array.FindLast(segments, segment => segment.StartsWith(Prefix, StringComparison.Ordinal)) is { } cached
            ? cached[Prefix.Length..].Split("--", 2)
            : null;

    /// <summary>The folders below that are worth a look: in a cached repository the snapshot in force alone.</summary>
    public static IEnumerable<FolderToScan> Choose(FolderToScan folder, IReadOnlyList<FolderToScan> subfolders)
    {
        if (Path.GetFileName(folder.Path).StartsWith(Prefix, StringComparison.Ordinal))
            return subfolders.Where(sub => Path.GetFileName(sub.Path) == Snapshots);
        if (subfolders.Count < 2 || Path.GetFileName(folder.Path) != Snapshots
            || Path.GetDirectoryName(folder.Path) is not { } repository || !Path.GetFileName(repository).StartsWith(Prefix, StringComparison.Ordinal))
            return subfolders;
        var current = Revision(Path.Combine(repository, "refs", "main"));
        var chosen = subfolders.Where(sub => Path.GetFileName(sub.Path) == current).ToList();
        return chosen.Count > 0 ? chosen : [subfolders.MaxBy(sub => Directory.GetLastWriteTimeUtc(sub.Path))];
    }

    private static string? Revision(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > 0 and <= LongestReference } ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
