namespace Tandem.Host.Workers;

/// <summary>Writes a file so that a reader sees the old content or the new, never a part.</summary>
internal static class AtomicFile
{
    private static int _writes;

    public static void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // A name of its own for every write: two threads may write the same file.
        var draft = $"{path}.{Environment.ProcessId}-{Interlocked.Increment(ref _writes)}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }
}
