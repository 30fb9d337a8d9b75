using System.Collections;

namespace Tandem.Host.Workers;

/// <summary>
/// The environment of a child: an allowed part of the supervisor's own, then what the launch plan adds. Everything else is removed, so
/// that settings of other programs (<c>ASPNETCORE_URLS</c>, <c>LD_PRELOAD</c>, <c>PYTHONPATH</c>) and foreign secrets do not reach a worker.
/// <c>LD_LIBRARY_PATH</c> is allowed: on many systems CUDA and ROCm are found only through it, and it is the user's own setting.
/// </summary>
internal static class ChildEnvironment
{
    private static readonly HashSet<string> Allowed = new(
        [
            "PATH", "HOME", "USER", "LANG", "LANGUAGE", "TMPDIR", "TZ", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME",
            "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64", "LD_LIBRARY_PATH",
            "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION",
            "VK_ICD_FILENAMES", "VK_DRIVER_FILES", "GGML_VK_VISIBLE_DEVICES",
            // Without these a Windows program cannot load system libraries or find its folders.
            "SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
            "ProgramData", "ProgramFiles", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
        ],
        OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    /// <summary>Changes against the inherited environment, as CliWrap takes them: null removes a name.</summary>
    /// <param name="inherited">The supervisor's own environment.</param>
    /// <param name="layers">What is set, later ones win.</param>
    public static Dictionary<string, string?> Changes(IDictionary inherited, params IEnumerable<KeyValuePair<string, string>>[] layers)
    {
        var changes = new Dictionary<string, string?>(Allowed.Comparer);
        foreach (DictionaryEntry entry in inherited)
        {
            var name = (string)entry.Key;
            if (!Allowed.Contains(name) && !name.StartsWith("LC_", StringComparison.Ordinal))
                changes[name] = null;
        }

        foreach (var (name, value) in layers.SelectMany(layer => layer))
            changes[name] = value;
        return changes;
    }
}
