namespace Tandem.Host.Runtimes.Install;

/// <summary>Room on the disk: asked for before an installation, and recognised as the cause when it ran out all the same.</summary>
internal static class DiskSpace
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>Left free for everything else, the database among it.</summary>
    private const long Margin = 64 * Megabyte;

    private const long Exhausted = 8 * Megabyte;

    private const int LinuxDiskFull = 28;
    private const int LinuxQuota = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <exception cref="InstallException">There is less room than needed.</exception>
    public static void Require(string folder, long bytes)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free - Margin < bytes)
        {
            throw new InstallException(
                $"The disk of {folder} has {free / Megabyte} MiB free, and about {(bytes / Megabyte) + (Margin / Megabyte)} MiB are needed.",
                "Make room, remove runtimes that are not used (tandem runtime remove), or choose another home with TANDEM_HOME.");
        }
    }

    /// <summary>Whether so little is left that a command which failed failed for that reason, whatever it said.</summary>
    public static bool IsExhausted(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace < Exhausted;

    public static bool IsFull(IOException exception) =>
        exception.HResult is LinuxDiskFull or LinuxQuota or WindowsDiskFull or WindowsHandleDiskFull
        || exception.Message.Contains("No space left", StringComparison.OrdinalIgnoreCase);
}
