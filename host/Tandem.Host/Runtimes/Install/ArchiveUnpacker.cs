using System.Formats.Tar;
using System.IO.Compression;

namespace Tandem.Host.Runtimes.Install;

/// <summary>
/// Unpacks tar, tar.gz and zip into an empty folder, within bounds. No entry can leave the folder: names with <c>..</c>, roots or drives end
/// it, and no link is ever made on disk. A link to a file of the same archive becomes a copy of that file, any other ends it.
/// </summary>
internal sealed class ArchiveUnpacker(string target, UnpackLimits limits)
{
    private const int LongestLinkChain = 8;
    private const int BufferSize = 128 * 1024;
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private readonly byte[] _buffer = new byte[BufferSize];
    private long _bytes;
    private int _entries;

    /// <exception cref="InstallException">The archive is damaged, too large, or not to be trusted.</exception>
    public async Task UnpackAsync(string archive, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        try
        {
            if (IsZip(archive))
                await UnzipAsync(archive, cancellationToken);
            else
                await UntarAsync(archive, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or NotSupportedException)
        {
            throw new InstallException(
                $"The archive {Path.GetFileName(archive)} is damaged: {exception.Message.TrimEnd('.')}.", "Get it again; it may have been cut short.", exception);
        }

        foreach (var (link, linked) in _links)
            await CopyLinkedAsync(archive, link, linked, cancellationToken);
    }

    private static bool IsZip(string archive)
    {
        Span<byte> head = stackalloc byte[2];
        using var file = File.OpenRead(archive);
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.SequenceEqual("PK"u8);
    }

    private static bool IsGzip(FileStream file)
    {
        var gzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        return gzip;
    }

    private async Task UntarAsync(string archive, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(archive);
        await using var content = IsGzip(file) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        await using var reader = new TarReader(content, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            CountEntry(archive);
            switch (entry.EntryType)
            {
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    await WriteAsync(archive, entry.Name, entry.DataStream ?? Stream.Null, cancellationToken);
                    break;
                case TarEntryType.Directory:
                    Directory.CreateDirectory(PlaceOf(archive, entry.Name));
                    break;
                case TarEntryType.SymbolicLink:
                    var folder = Path.GetDirectoryName(entry.Name.TrimEnd('/')) ?? "";
                    _links[PlaceOf(archive, entry.Name)] = PlaceOf(archive, entry.LinkName.StartsWith('/') ? entry.LinkName : Join(archive, folder, entry.LinkName));
                    break;
                case TarEntryType.HardLink:
                    _links[PlaceOf(archive, entry.Name)] = PlaceOf(archive, entry.LinkName);
                    break;
                case TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw Untrusted(archive, entry.Name, $"is a {entry.EntryType}");
            }
        }

        // The checksum of the whole stands at its end.
        while (await content.ReadAsync(_buffer, cancellationToken) > 0)
            cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task UnzipAsync(string archive, CancellationToken cancellationToken)
    {
        const int UnixType = 0xF000;
        const int UnixLink = 0xA000;
        await using var zip = await ZipFile.OpenReadAsync(archive, cancellationToken);
        foreach (var entry in zip.Entries)
        {
            CountEntry(archive);
            if (((entry.ExternalAttributes >> 16) & UnixType) == UnixLink)
                throw Untrusted(archive, entry.FullName, "is a link");
            if (entry.FullName.EndsWith('/') || entry.FullName.EndsWith('\\'))
            {
                Directory.CreateDirectory(PlaceOf(archive, entry.FullName));
                continue;
            }

            await using var content = await entry.OpenAsync(cancellationToken);
            await WriteAsync(archive, entry.FullName, content, cancellationToken);
        }
    }

    private async Task WriteAsync(string archive, string name, Stream content, CancellationToken cancellationToken)
    {
        var place = PlaceOf(archive, name);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        // A second entry of one name would replace what was checked.
        await using var file = new FileStream(place, FileMode.CreateNew, FileAccess.Write);
        int read;
        while ((read = await content.ReadAsync(_buffer, cancellationToken)) > 0)
        {
            CountBytes(archive, read);
            await file.WriteAsync(_buffer.AsMemory(0, read), cancellationToken);
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(place, FileModes.Of(place));
    }

    private async Task CopyLinkedAsync(string archive, string link, string linked, CancellationToken cancellationToken)
    {
        for (var step = 0; _links.TryGetValue(linked, out var next); step++)
        {
            if (step == LongestLinkChain)
                throw Untrusted(archive, Path.GetRelativePath(target, link), "is a link that leads nowhere");
            linked = next;
        }

        if (!File.Exists(linked))
            throw Untrusted(archive, Path.GetRelativePath(target, link), $"links to {Path.GetRelativePath(target, linked)}, which is no file of the archive");
        await using var content = File.OpenRead(linked);
        await WriteAsync(archive, Path.GetRelativePath(target, link), content, cancellationToken);
    }

    /// <summary>Where an entry goes: always inside the target.</summary>
    private string PlaceOf(string archive, string name)
    {
        var parts = name.Split('/', '\\').Where(part => part is not ("" or ".")).ToArray();
        var rooted = name.Length == 0 || name[0] is '/' or '\\' || name.Contains(':', StringComparison.Ordinal);
        if (rooted || parts.Contains("..") || name.Contains('\0', StringComparison.Ordinal) || name.Length > limits.PathLength)
            throw Untrusted(archive, name, "would be written outside its folder");
        return Path.Combine([target, .. parts]);
    }

    /// <summary>A link's target relative to the archive's root; one that climbs out of it keeps its <c>..</c> and is refused.</summary>
    private static string Join(string archive, string folder, string linked)
    {
        var parts = new Stack<string>(folder.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));
        foreach (var part in linked.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                if (!parts.TryPop(out _))
                    throw Untrusted(archive, linked, "links to a place outside its folder");
            }
            else if (part != ".")
            {
                parts.Push(part);
            }
        }

        return string.Join('/', parts.Reverse());
    }

    private void CountEntry(string archive)
    {
        if (++_entries > limits.Entries)
            throw TooLarge(archive, $"more than {limits.Entries} entries");
    }

    private void CountBytes(string archive, int count)
    {
        _bytes += count;
        if (_bytes > limits.Bytes)
            throw TooLarge(archive, $"more than {limits.Bytes / (1024 * 1024)} MiB when unpacked");
    }

    private static InstallException TooLarge(string archive, string what) =>
        new($"The archive {Path.GetFileName(archive)} has {what}.", "Use an archive that holds the engine's libraries only.");

    private static InstallException Untrusted(string archive, string name, string what)
    {
        var shown = new string([.. name.Take(100).Select(letter => char.IsControl(letter) ? '?' : letter)]);
        return new InstallException(
            $"The archive {Path.GetFileName(archive)} cannot be trusted: '{shown}' {what}.", "Use an archive from another source.");
    }
}

/// <summary>How much an archive may hold.</summary>
internal sealed record UnpackLimits(long Bytes = 8L * 1024 * 1024 * 1024, int Entries = 20_000, int PathLength = 300);
