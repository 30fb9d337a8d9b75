using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Survey;

/// <summary>
/// Says whether a survey would find the same again: names, sizes and times of the runtime's files and of the worker that loads them,
/// and the drivers. Reads no content.
/// </summary>
internal static class RuntimeStamp
{
    public static string Of(RuntimeInfo runtime, string engineFolder, MachineInfo machine)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, Path.Combine(runtime.Folder, RuntimeManifest.FileName));
        foreach (var file in runtime.Files.Keys.Order(StringComparer.Ordinal))
            Add(hash, Path.Combine(runtime.Folder, file));
        if (Directory.Exists(engineFolder))
        {
            foreach (var file in Directory.EnumerateFiles(engineFolder).Order(StringComparer.Ordinal))
                Add(hash, file);
        }

        foreach (var accelerator in machine.Accelerators)
            Add(hash, accelerator.Kind, accelerator.DriverVersion ?? "");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, string file)
    {
        var info = new FileInfo(file);
        // A missing file has a stamp too.
        Add(hash, file, info.Exists
            ? string.Create(CultureInfo.InvariantCulture, $"{info.Length} {info.LastWriteTimeUtc.Ticks}")
            : "missing");
    }

    private static void Add(IncrementalHash hash, string name, string value) => hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{value}\n"));
}
