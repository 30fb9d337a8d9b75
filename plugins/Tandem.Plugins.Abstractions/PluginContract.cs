namespace Tandem.Plugins;

/// <summary>The version of this contract, and the manifest in which a plugin names the one it was built for.</summary>
public static class PluginContract
{
    /// <summary>Grows when a plugin built for an earlier version could no longer be used.</summary>
    public const int Version = 1;

    /// <summary>File in a plugin's folder: <c>{"id", "contract", "assembly", "type"}</c>.</summary>
    public const string ManifestFile = "plugin.json";
}

/// <summary>Content of <see cref="PluginContract.ManifestFile"/>.</summary>
/// <param name="Id">Engine id; also the name of the folder.</param>
/// <param name="Contract">The <see cref="PluginContract.Version"/> the plugin was built for.</param>
/// <param name="Assembly">File name of its assembly, in the same folder.</param>
/// <param name="Type">Full name of the class that implements <see cref="IEnginePlugin"/>; it has a constructor without parameters.</param>
public sealed record PluginManifest(string Id, int Contract, string Assembly, string Type);
