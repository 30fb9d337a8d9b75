namespace Tandem.Host.Runtimes.Install;

/// <summary>Rights of unpacked files: what an archive says of them is not taken over; a program is known by its first bytes.</summary>
internal static class FileModes
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Runnable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public static UnixFileMode Of(string path)
    {
        Span<byte> head = stackalloc byte[4];
        using var file = File.OpenRead(path);
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        var program = head.StartsWith("\u007fELF"u8) || head.StartsWith("#!"u8) || head.SequenceEqual<byte>([0xCF, 0xFA, 0xED, 0xFE]);
        return program ? Runnable : Readable;
    }
}
