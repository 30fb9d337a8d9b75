using System.Runtime.InteropServices;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes;

/// <summary>Where things are for a launch; the same for workers, probes and installations.</summary>
public sealed class EngineLaunch(HostOptions options)
{
    private readonly string? _dotnetRoot = DotnetRoot();

    public LaunchContext ContextOf(string engineId) => new(EngineFolderOf(engineId), _dotnetRoot, options.HomeFolder);

    public string EngineFolderOf(string engineId) => Path.Combine(options.ApplicationFolder, "engines", engineId);

    /// <summary>Where the running .NET is; null when this program brings its own.</summary>
    private static string? DotnetRoot()
    {
        // <root>/shared/Microsoft.NETCore.App/<version>/
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Directory.Exists(Path.Combine(root, "host", "fxr")) ? root : null;
    }
}
