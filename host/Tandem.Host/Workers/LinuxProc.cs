using System.Globalization;

namespace Tandem.Host.Workers;

/// <summary>What Linux tells of a process under <c>/proc</c> (proc(5)).</summary>
internal static class LinuxProc
{
    // Places in /proc/PID/stat, counted after the name, which is in parentheses and may hold anything.
    private const int State = 0;
    private const int Group = 2;
    private const int StartTime = 19;

    // Start times count from boot, so the boot belongs to them.
    private static readonly Lazy<string> Boot = new(() => ReadOrNull("/proc/sys/kernel/random/boot_id")?.Trim() ?? "");

    public static bool IsGroupAlive(int group)
    {
        var wanted = group.ToString(CultureInfo.InvariantCulture);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            var name = Path.GetFileName(folder);
            if (char.IsAsciiDigit(name[0]) && Stat(name) is { } stat && !IsDead(stat) && (stat[Group] == wanted || name == wanted))
                return true;
        }

        return false;
    }

    public static string? StartTimeOf(int pid) =>
        Stat(pid.ToString(CultureInfo.InvariantCulture)) is { } stat ? $"{Boot.Value}/{stat[StartTime]}" : null;

    public static string? ExecutableOf(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/exe").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static long? BytesReadBy(int pid) => NumberIn($"/proc/{pid}/io", "read_bytes:");

    public static long? PrivateBytesOf(int pid) => NumberIn($"/proc/{pid}/status", "RssAnon:") * 1024;

    /// <summary>The number on the line that begins with a name.</summary>
    private static long? NumberIn(string file, string name)
    {
        var text = ReadOrNull(file);
        var at = text?.IndexOf(name, StringComparison.Ordinal) ?? -1;
        if (at < 0)
            return null;
        var rest = text.AsSpan(at + name.Length).TrimStart();
        return long.TryParse(rest[..rest.IndexOfAny(' ', '\n')], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static bool IsDead(string[] stat) => stat[State] is "Z" or "X";

    private static string[]? Stat(string pid)
    {
        var text = ReadOrNull($"/proc/{pid}/stat");
        var end = text?.LastIndexOf(')') ?? -1;
        var fields = end < 0 ? [] : text![(end + 2)..].Split(' ');
        return fields.Length > StartTime ? fields : null;
    }

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The process ended meanwhile, or belongs to somebody else.
            return null;
        }
    }
}
