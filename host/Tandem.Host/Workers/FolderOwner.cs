using System.Runtime.InteropServices;

namespace Tandem.Host.Workers;

/// <summary>Whose a folder is, which .NET does not tell. Links are not followed: a link is never this user's folder.</summary>
internal static partial class FolderOwner
{
    private const int CurrentDirectory = -100;
    private const int DoNotFollowLinks = 0x100;
    private const uint MaskOwner = 0x8;

    /// <summary>Effective user id of this process.</summary>
    public static uint Me => EffectiveUserId();

    /// <summary>True when <paramref name="path"/> is a folder of this user and not a link to one.</summary>
    public static bool IsMine(string path) => new DirectoryInfo(path) is { Exists: true, LinkTarget: null } && OwnerOf(path) == Me;

    private static unsafe uint? OwnerOf(string path)
    {
        var buffer = stackalloc uint[64];
        if (OperatingSystem.IsLinux())
        {
            // struct statx is the same on every architecture: 256 bytes, stx_uid at 20.
            return StatX(CurrentDirectory, path, DoNotFollowLinks, MaskOwner, buffer) == 0 ? buffer[5] : null;
        }

        // macOS, struct stat with 64-bit inodes: 144 bytes, st_uid at 16.
        var result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? LinkStat(path, buffer) : LinkStatX64(path, buffer);
        return result == 0 ? buffer[4] : null;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* buffer);

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStat(string path, uint* buffer);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStatX64(string path, uint* buffer);
}
