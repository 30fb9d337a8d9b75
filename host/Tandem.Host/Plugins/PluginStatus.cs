using Tandem.Plugins;

namespace Tandem.Host.Plugins;

/// <summary>What became of a plugin that was found. A bad plugin is a status, never a crash.</summary>
public abstract record PluginStatus
{
    public sealed record Loaded(IEnginePlugin Plugin, EngineInfo Engine) : PluginStatus;

    /// <summary>Built for another contract version; <paramref name="Reason"/> names both.</summary>
    public sealed record Incompatible(string Reason) : PluginStatus;

    /// <summary>Could not be loaded, or threw when it was called.</summary>
    public sealed record Broken(string Reason) : PluginStatus;
}

/// <summary>A plugin for lists: what it is, whether it can be used, and why not.</summary>
/// <param name="Id">Engine id of its manifest, the folder's name when the manifest could not be read.</param>
/// <param name="State"><c>loaded</c>, <c>incompatible</c> or <c>broken</c>.</param>
/// <param name="Reason">Null when loaded.</param>
/// <param name="Engine">Null unless loaded.</param>
public sealed record PluginReport(string Id, string Folder, string State, string? Reason, EngineInfo? Engine);

/// <summary>What a call into a plugin came to.</summary>
public abstract record PluginCall<T>
{
    public sealed record Returned(T Value) : PluginCall<T>;

    /// <summary>The plugin threw and is broken from now on.</summary>
    public sealed record Failed(Failure Failure) : PluginCall<T>;
}
