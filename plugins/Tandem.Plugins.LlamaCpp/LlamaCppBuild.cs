using System.Buffers.Binary;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>A llama.cpp build that a user made: known by its library, described by file names and the head of that file.</summary>
internal static class LlamaCppBuild
{
    /// <summary>Begins the package version of such a build.</summary>
    public const string Package = "local";

    private const int HeadBytes = 4096;

    // A build can have several backends; the strongest names it.
    private static readonly string[] Variants = ["cuda", "hip", "sycl", "vulkan", "metal"];

    public static RuntimeInfo? Recognise(string folder)
    {
        var names = Directory.EnumerateFiles(folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal).ToList();
        if (names.FirstOrDefault(IsLibrary) is not { } library || ReadTarget(Path.Combine(folder, library)) is not var (system, architecture))
            return null;
        return new RuntimeInfo
        {
            Id = "",
            EngineId = LlamaCppPlugin.EngineId,
            // Only the library itself knows.
            EngineVersion = "",
            PackageVersion = Package,
            Variant = Variants.FirstOrDefault(variant => names.Any(name => name.Contains($"ggml-{variant}", StringComparison.Ordinal))) ?? "cpu",
            OperatingSystem = system,
            Architecture = architecture,
            Formats = [GgufFolder.Format],
        };
    }

    /// <summary><c>libllama.so</c>, <c>libllama.v0.5.0.so</c>, <c>libllama.so.0</c>, <c>libllama.dylib</c>, <c>llama.dll</c>.</summary>
    private static bool IsLibrary(string name) =>
        name.Equals("llama.dll", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("libllama.", StringComparison.Ordinal)
            && (name.EndsWith(".dylib", StringComparison.Ordinal) || name.EndsWith(".so", StringComparison.Ordinal) || name.Contains(".so.", StringComparison.Ordinal)));

    /// <summary>System and architecture from the head of an ELF, Mach-O or PE file; null when it is none of them.</summary>
    private static (string System, string Architecture)? ReadTarget(string path)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        using var file = File.OpenRead(path);
        head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        if (head.Length < 64)
            return null;
        if (head.StartsWith("\u007fELF"u8))
            return ("linux", Named(BinaryPrimitives.ReadUInt16LittleEndian(head[18..]), x64: 62, arm64: 183));
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) == 0xFEEDFACF)
            return ("macos", Named(BinaryPrimitives.ReadUInt32LittleEndian(head[4..]), x64: 0x01000007, arm64: 0x0100000C));
        var header = BinaryPrimitives.ReadInt32LittleEndian(head[60..]);
        if (head.StartsWith("MZ"u8) && header >= 0 && header < head.Length - 6 && head[header..].StartsWith("PE\0\0"u8))
            return ("windows", Named(BinaryPrimitives.ReadUInt16LittleEndian(head[(header + 4)..]), x64: 0x8664, arm64: 0xAA64));
        return null;
    }

    private static string Named(uint machine, uint x64, uint arm64) => machine == x64 ? "x64" : machine == arm64 ? "arm64" : $"machine type {machine}";
}
