using System.Runtime.InteropServices;

namespace Tandem.Engine.Worker;

/// <summary>Calls that only Linux has.</summary>
internal static partial class Linux
{
    private const int SetParentDeathSignal = 1;
    private const int CurrentDirectory = -100;
    private const int DoNotFollowLinks = 0x100;
    private const uint MaskType = 0x1;
    private const uint MaskOwner = 0x8;

    /// <summary>The kernel sends SIGTERM when the thread that started this process ends.</summary>
    public static void AskForSignalOnParentDeath() => _ = ProcessControl(SetParentDeathSignal, Posix.SigTerm, 0, 0, 0);

    /// <summary>User id of the owner; null when it cannot be read. A link is not followed.</summary>
    public static unsafe uint? OwnerOf(string path)
    {
        // struct statx is the same on every architecture: 256 bytes, stx_mask at 0, stx_uid at 20.
        var buffer = stackalloc uint[64];
        return StatX(CurrentDirectory, path, DoNotFollowLinks, MaskType | MaskOwner, buffer) == 0 ? buffer[5] : null;
    }

    // prctl takes variable arguments; with integers only, the fixed form is the same call on x64 and arm64 Linux.
    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, uint* buffer);
}
