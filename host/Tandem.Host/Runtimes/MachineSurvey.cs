using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>What this machine is, as far as runtimes care. Cheap: nothing is started or loaded.</summary>
internal static partial class MachineSurvey
{
    public static MachineInfo Take() => new(
        OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux",
        RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
        CpuFeatures(),
        Accelerators(),
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        LibcVersion());

    private static HashSet<string> CpuFeatures()
    {
        (string Name, bool Present)[] all =
        [
            ("sse3", Sse3.IsSupported), ("ssse3", Ssse3.IsSupported), ("sse4.1", Sse41.IsSupported), ("sse4.2", Sse42.IsSupported),
            ("avx", Avx.IsSupported), ("avx2", Avx2.IsSupported), ("fma", Fma.IsSupported), ("bmi1", Bmi1.IsSupported),
            ("bmi2", Bmi2.IsSupported), ("avx512f", Avx512F.IsSupported), ("avx512bw", Avx512BW.IsSupported),
            ("avx512vbmi", Avx512Vbmi.IsSupported), ("avxvnni", AvxVnni.IsSupported),
            ("neon", AdvSimd.IsSupported), ("dotprod", Dp.IsSupported), ("crc32", Crc32.IsSupported),
        ];
        return [.. all.Where(feature => feature.Present).Select(feature => feature.Name)];
    }

    /// <summary>What can be told without a vendor library; a runtime's probe knows more.</summary>
    private static List<AcceleratorInfo> Accelerators()
    {
        var found = new List<AcceleratorInfo>();
        if (OperatingSystem.IsMacOS() && RuntimeInformation.OSArchitecture == Architecture.Arm64)
            found.Add(new AcceleratorInfo("metal", "Apple GPU", null, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
        if (OperatingSystem.IsLinux() && File.Exists("/proc/driver/nvidia/version"))
            found.Add(new AcceleratorInfo("cuda", "NVIDIA GPU", NvidiaDriver(), 0));
        if (OperatingSystem.IsLinux() && RenderNode() is { } node && HasVulkanLoader())
            found.Add(new AcceleratorInfo("vulkan", $"GPU at {node}", null, 0));
        return found;
    }

    private static string? RenderNode() =>
        Directory.Exists("/dev/dri") ? Directory.EnumerateFiles("/dev/dri", "renderD*").Order(StringComparer.Ordinal).FirstOrDefault() : null;

    private static bool HasVulkanLoader()
    {
        string[] folders = ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
        return folders.Any(folder => File.Exists(Path.Combine(folder, "libvulkan.so.1")));
    }

    private static string? NvidiaDriver()
    {
        const string Mark = "Kernel Module";
        var line = File.ReadLines("/proc/driver/nvidia/version").FirstOrDefault() ?? "";
        var at = line.IndexOf(Mark, StringComparison.Ordinal);
        return at < 0 ? null : line[(at + Mark.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => char.IsAsciiDigit(word[0]));
    }

    private static string? LibcVersion()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            return Marshal.PtrToStringUTF8(GnuLibcVersion());
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no such call.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    private static partial nint GnuLibcVersion();
}
