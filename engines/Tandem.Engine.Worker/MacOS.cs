using System.Runtime.InteropServices;

namespace Tandem.Engine.Worker;

/// <summary>Calls whose data differs on macOS.</summary>
internal static partial class MacOS
{
    /// <summary>User id of the owner; null when it cannot be read. A link is not followed.</summary>
    public static unsafe uint? OwnerOf(string path)
    {
        // struct stat with 64-bit inodes: 144 bytes, st_uid at 16.
        var buffer = stackalloc uint[64];
        var result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? LinkStat(path, buffer) : LinkStatX64(path, buffer);
        return result == 0 ? buffer[4] : null;
    }

    [LibraryImport("libc", EntryPoint = "lstat", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStat(string path, uint* buffer);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int LinkStatX64(string path, uint* buffer);
}
