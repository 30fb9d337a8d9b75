using System.IO.Enumeration;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>A folder to look into.</summary>
/// <param name="Path">As it is reached from the model folder; keys and sources are made of it.</param>
/// <param name="Place">Where it really is, links resolved: two folders at one place are the same folder.</param>
/// <param name="Depth">Levels below the model folder.</param>
internal readonly record struct FolderToScan(string Path, string Place, int Depth)
{
    public static FolderToScan Root(string path) => new(path, FolderLister.TargetOf(path) ?? path, 0);
}

/// <summary>What is in one folder, by name.</summary>
internal sealed record FolderContent(IReadOnlyList<FolderFile> Files, IReadOnlyList<FolderToScan> Folders);

/// <summary>Lists one folder with one system call per entry; links are followed, hidden folders and broken links left out.</summary>
internal static class FolderLister
{
    private static readonly EnumerationOptions All = new() { AttributesToSkip = 0, IgnoreInaccessible = false, RecurseSubdirectories = false };

    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FolderContent List(FolderToScan folder)
    {
        var files = new List<FolderFile>();
        var folders = new List<FolderToScan>();
        foreach (var entry in new FileSystemEnumerable<Entry>(folder.Path, Read, All))
        {
            if (entry.IsFolder)
            {
                if (entry.Name[0] != '.')
                    folders.Add(ToScan(folder, entry));
            }
            else if (!entry.IsLink)
            {
                files.Add(new FolderFile(entry.Name, entry.Size, entry.Modified));
            }
            else if (Follow(Path.Combine(folder.Path, entry.Name)) is { Exists: true } target)
            {
                files.Add(new FolderFile(entry.Name, target.Length, target.LastWriteTimeUtc));
            }
        }

        files.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        folders.Sort(static (left, right) => string.CompareOrdinal(left.Path, right.Path));
        return new FolderContent(files, folders);
    }

    /// <summary>Where a link to a folder leads in the end; null for a folder that is none, or a circle.</summary>
    public static string? TargetOf(string path)
    {
        try
        {
            return new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Entry Read(ref FileSystemEntry entry)
    {
        var isLink = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
        return entry.IsDirectory
            ? new Entry(entry.FileName.ToString(), IsFolder: true, isLink, 0, default)
            : new Entry(entry.FileName.ToString(), IsFolder: false, isLink, entry.Length, entry.LastWriteTimeUtc);
    }

    private static FolderToScan ToScan(FolderToScan parent, Entry entry)
    {
        var path = Path.Combine(parent.Path, entry.Name);
        var place = (entry.IsLink ? TargetOf(path) : null) ?? Path.Combine(parent.Place, entry.Name);
        return new FolderToScan(path, place, parent.Depth + 1);
    }

    private static FileInfo? Follow(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // a link in a circle
        }
    }

    private readonly record struct Entry(string Name, bool IsFolder, bool IsLink, long Size, DateTimeOffset Modified);
}
