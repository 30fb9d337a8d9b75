using System.Globalization;

namespace Tandem.Cli;

/// <summary>Which program listens on a port, as far as the system tells. Linux only; elsewhere nothing is found.</summary>
/// <param name="Name">Name of its executable.</param>
internal sealed record PortOwner(int Pid, string Name)
{
    private const string Listening = "0A";

    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>Null when it cannot be told, e.g. for a program of another user.</summary>
    public static PortOwner? Find(int port)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var sockets = Tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => SocketOf(line, port)).OfType<string>().ToHashSet();
        return sockets.Count == 0 ? null : Processes().FirstOrDefault(owner => Holds(owner.Pid, sockets));
    }

    /// <summary>A line is <c>sl local_address rem_address st … inode</c>, addresses as hex:port in hex.</summary>
    private static string? SocketOf(string line, int port)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 9 && fields[3] == Listening && fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal)
            ? $"socket:[{fields[9]}]"
            : null;
    }

    private static IEnumerable<PortOwner> Processes() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0)
        .Select(pid => new PortOwner(pid, NameOf(pid)));

    private static string NameOf(int pid)
    {
        try
        {
            return Path.GetFileName(File.ReadAllText($"/proc/{pid}/cmdline").Split('\0')[0]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "a program";
        }
    }

    private static bool Holds(int pid, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{pid}/fd").Any(file => LinkTarget(file) is { } name && sockets.Contains(name));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or belongs to somebody else.
            return false;
        }
    }

    /// <summary>Null for a descriptor that was closed since it was listed; the others still count.</summary>
    private static string? LinkTarget(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, false)?.Name;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
