using System.Globalization;
using System.Runtime.InteropServices;

namespace Tandem.Host.Telemetry;

/// <summary>What is read of this machine while running: its memory now, and its processor's name.</summary>
internal static partial class Machine
{
    private static readonly Lazy<string> Processor = new(() => Name() is { Length: > 0 } name ? name : RuntimeInformation.OSArchitecture.ToString());

    public static string ProcessorName => Processor.Value;

    /// <summary>Bytes in all and bytes that programs could still get, without swapping.</summary>
    public static (long Total, long Available) Memory()
    {
        var seen = GC.GetGCMemoryInfo();
        // Bounded by a container's limit where there is one.
        var total = seen.TotalAvailableMemoryBytes;
        if (OperatingSystem.IsLinux() && LinuxAvailable() is { } available)
            return (total, Math.Min(available, total));
        return (total, Math.Max(0, total - seen.MemoryLoadBytes));
    }

    private static long? LinuxAvailable()
    {
        const string Field = "MemAvailable:";
        try
        {
            var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
            return line?[Field.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var kilobytes, ..]
                && long.TryParse(kilobytes, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value * 1024 : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Name()
    {
        if (OperatingSystem.IsWindows())
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        if (OperatingSystem.IsMacOS())
            return MacName();
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static unsafe string? MacName()
    {
        var buffer = stackalloc byte[256];
        nuint size = 256;
        return SystemControl("machdep.cpu.brand_string", buffer, ref size, 0, 0) == 0 ? Marshal.PtrToStringUTF8((nint)buffer) : null;
    }

    [LibraryImport("libc", EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SystemControl(string name, byte* value, ref nuint size, nint newValue, nuint newSize);
}
