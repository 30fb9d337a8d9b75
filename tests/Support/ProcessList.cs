using System.Globalization;

namespace Tandem.Tests.Support;

/// <summary>What lives on this machine (Linux).</summary>
internal static class ProcessList
{
    /// <summary>Pids of living processes whose environment or command line holds a text.</summary>
    public static IReadOnlyList<int> Mentioning(string text) =>
    [
        .. from folder in Directory.EnumerateDirectories("/proc")
           let name = Path.GetFileName(folder)
           where char.IsAsciiDigit(name[0]) && IsAlive(folder) && (Holds($"{folder}/environ", text) || Holds($"{folder}/cmdline", text))
           select int.Parse(name, CultureInfo.InvariantCulture),
    ];

    public static bool IsAlive(int pid) => IsAlive($"/proc/{pid}");

    /// <summary>Living members of a process group.</summary>
    public static IReadOnlyList<int> InGroup(int leader) =>
    [
        .. from folder in Directory.EnumerateDirectories("/proc")
           let name = Path.GetFileName(folder)
           where char.IsAsciiDigit(name[0]) && IsAlive(folder)
           let stat = Read($"{folder}/stat")
           where stat.Length > 0 && stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[2] == leader.ToString(CultureInfo.InvariantCulture)
           select int.Parse(name, CultureInfo.InvariantCulture),
    ];

    private static bool IsAlive(string folder)
    {
        var stat = Read($"{folder}/stat");
        return stat.Length > 0 && stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
    }

    private static bool Holds(string file, string text) => Read(file).Contains(text, StringComparison.Ordinal);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
