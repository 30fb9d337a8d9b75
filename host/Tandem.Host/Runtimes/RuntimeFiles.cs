using System.Security.Cryptography;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>The files of a runtime: their checksums for the manifest, and the comparison with it.</summary>
internal static class RuntimeFiles
{
    // Python writes it by itself; whatever stands there is made from files that are checked.
    private const string PythonCache = "__pycache__";

    /// <summary>Lower-case hex SHA-256 by path relative to the folder, with <c>/</c>. Links are not followed and not listed.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> HashAsync(string folder, CancellationToken cancellationToken)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in List(new DirectoryInfo(folder)))
        {
            var name = Path.GetRelativePath(folder, file.FullName).Replace('\\', '/');
            if (name is not (RuntimeManifest.FileName or RuntimeStore.MarkFile))
                hashes[name] = await HashFileAsync(file.FullName, cancellationToken);
        }

        return hashes;
    }

    /// <summary>The first file that is missing or differs, with what is wrong; null when all are as the manifest says.</summary>
    public static async Task<string?> FindDamageAsync(RuntimeInfo runtime, CancellationToken cancellationToken)
    {
        foreach (var (name, expected) in runtime.Files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            var path = Path.Combine(runtime.Folder, name);
            try
            {
                if (!File.Exists(path))
                    return $"{name} is missing";
                if (expected.Length > 0 && await HashFileAsync(path, cancellationToken) != expected)
                    return $"{name} is not as it was installed";
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return $"{name} cannot be read: {exception.Message}";
            }
        }

        return null;
    }

    public static long SizeOf(string folder) => List(new DirectoryInfo(folder)).Sum(file => file.Length);

    /// <summary>All files on the disk itself, as far as the system can be asked for it.</summary>
    public static void Flush(string folder)
    {
        foreach (var file in List(new DirectoryInfo(folder)))
        {
            using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            stream.Flush(flushToDisk: true);
        }
    }

    private static IEnumerable<FileInfo> List(DirectoryInfo folder)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            if (entry.LinkTarget is not null)
                continue;
            if (entry is FileInfo file)
            {
                yield return file;
            }
            else if (entry is DirectoryInfo inner && inner.Name != PythonCache)
            {
                foreach (var deeper in List(inner))
                    yield return deeper;
            }
        }
    }

    private static async Task<string> HashFileAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
