using System.Security.Cryptography;
using System.Text;

namespace Tandem.Host.Workers;

/// <summary>
/// Where the workers of this home bind their sockets: <c>$XDG_RUNTIME_DIR/tandem/&lt;8 hex&gt;/</c>, else
/// <c>/tmp/tandem-&lt;uid&gt;/&lt;8 hex&gt;/</c>; the hex comes from the home's path, so homes do not meet. Every folder is this user's and 0700.
/// </summary>
internal sealed class SocketFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // sun_path holds 104 bytes on macOS; names of sockets take up to 12, and a separator.
    private const int LongestFolder = 100 - 13;

    private SocketFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Makes the folder, empty. The caller holds the lock of the home: what lies there is left from earlier.</summary>
    /// <param name="runtimeFolder">XDG_RUNTIME_DIR; null or unusable: below <c>/tmp</c>.</param>
    /// <param name="problem">Why it cannot be made.</param>
    public static SocketFolder? Create(string homeFolder, string? runtimeFolder, out string problem)
    {
        var hex = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(homeFolder))))[..8];
        problem = "";
        if (OperatingSystem.IsWindows())
        {
            // Named pipes need no folder; workers still get one that exists.
            var folder = System.IO.Path.Combine(homeFolder, "run", "sockets");
            Directory.CreateDirectory(folder);
            return new SocketFolder(folder);
        }

        var shared = !string.IsNullOrEmpty(runtimeFolder) && Directory.Exists(runtimeFolder) && FolderOwner.IsMine(runtimeFolder)
            ? System.IO.Path.Combine(runtimeFolder, "tandem")
            : $"/tmp/tandem-{FolderOwner.Me}";
        var path = System.IO.Path.Combine(shared, hex);
        if (Encoding.UTF8.GetByteCount(path) > LongestFolder)
            (shared, path) = ($"/tmp/tandem-{FolderOwner.Me}", $"/tmp/tandem-{FolderOwner.Me}/{hex}");
        if (!MakePrivate(shared, out problem) || !MakePrivate(path, out problem))
            return null;
        foreach (var left in Directory.GetFiles(path))
            File.Delete(left);
        return new SocketFolder(path);
    }

    /// <summary>Removes the folder when nothing is in it.</summary>
    public void Remove()
    {
        try
        {
            Directory.Delete(Path);
        }
        catch (IOException)
        {
            // A socket is still there; the next start sweeps it.
        }
    }

    private static bool MakePrivate(string folder, out string problem)
    {
        problem = "";
        if (OperatingSystem.IsWindows())
            return true;
        try
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            if (!FolderOwner.IsMine(folder))
                problem = $"{folder} belongs to another user or is a link";
            else
                File.SetUnixFileMode(folder, OwnerOnly);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = $"{folder} cannot be made: {exception.Message}";
        }

        return problem.Length == 0;
    }
}
