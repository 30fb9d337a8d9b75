using System.Text;

namespace Tandem.Engine.Worker;

/// <summary>Where this worker listens.</summary>
internal static class SocketPlace
{
    // sun_path holds 104 bytes on macOS, 108 on Linux, a zero byte included.
    private const int LongestPath = 100;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>A path that can be bound, at most 12 characters below <paramref name="directory"/>; null and a reason otherwise.</summary>
    public static string? FindPath(string directory, out string reason)
    {
        var path = Path.Combine(directory, $"{Base36(Environment.ProcessId)}.s");
        reason = "";
        if (OperatingSystem.IsWindows())
            return path;
        if (File.GetUnixFileMode(directory) != OwnerOnly)
            reason = $"{directory} must be open to its owner only (0700)";
        else if ((OperatingSystem.IsMacOS() ? MacOS.OwnerOf(directory) : Linux.OwnerOf(directory)) != Posix.GetUserId())
            reason = $"{directory} belongs to another user";
        else if (Encoding.UTF8.GetByteCount(path) > LongestPath)
            reason = $"{path} is longer than {LongestPath} bytes";
        if (reason.Length > 0)
            return null;
        // Left by a dead worker that had the same pid; binding does not replace it.
        File.Delete(path);
        return path;
    }

    private static string Base36(int value)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        var text = "";
        do
        {
            text = Digits[value % 36] + text;
            value /= 36;
        }
        while (value > 0);
        return text;
    }
}
