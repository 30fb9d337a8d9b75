using System.Collections.Immutable;
using System.Reflection;
using McMaster.NETCore.Plugins;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Plugins;

/// <summary>
/// The engine plugins of this installation: every <c>plugins/*/plugin.json</c>, each in a load context of its own that shares with the
/// supervisor only the assembly of the plugin contract. Found once, at construction; safe from all threads.
/// </summary>
public sealed class PluginCatalogue
{
    private readonly ILogger<PluginCatalogue> _logger;

    public PluginCatalogue(HostOptions options, ILogger<PluginCatalogue> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _logger = logger;
        Plugins = Discover(options.PluginFolders ?? [Path.Combine(options.ApplicationFolder, "plugins")]);
    }

    /// <summary>All that were found, also those that cannot be used, in order of their folders.</summary>
    public ImmutableArray<EnginePlugin> Plugins { get; }

    /// <summary>Those that can be used now.</summary>
    public IEnumerable<EnginePlugin> Loaded => Plugins.Where(plugin => plugin.Status is PluginStatus.Loaded);

    /// <summary>The plugin of an engine, if it loaded (it may have broken since).</summary>
    public EnginePlugin? Find(string engineId) => Plugins.FirstOrDefault(plugin => plugin.Engine is not null && plugin.Id == engineId);

    public IReadOnlyList<PluginReport> Report() => [.. Plugins.Select(plugin => plugin.Report())];

    private ImmutableArray<EnginePlugin> Discover(IReadOnlyList<string> folders)
    {
        var found = ImmutableArray.CreateBuilder<EnginePlugin>();
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in folders.Where(Directory.Exists).SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(folder, PluginContract.ManifestFile)))
                continue;
            var manifest = PluginManifestReader.Read(Path.Combine(folder, PluginContract.ManifestFile), out var reason);
            var id = manifest?.Id ?? Path.GetFileName(folder);
            var status = manifest is null ? new PluginStatus.Broken(reason) : Load(folder, manifest);
            if (status is PluginStatus.Loaded && !owners.TryAdd(id, folder))
                status = new PluginStatus.Broken($"engine '{id}' already has the plugin in {owners[id]}");
            var plugin = new EnginePlugin(id, folder, status, _logger);
            if (plugin.Report() is { Reason: { } why } report)
                PluginLog.NotUsed(_logger, id, report.State, why);
            else
                PluginLog.Loaded(_logger, id, folder);
            found.Add(plugin);
        }

        return found.ToImmutable();
    }

    private static PluginStatus Load(string folder, PluginManifest manifest)
    {
        if (manifest.Contract != PluginContract.Version)
        {
            return new PluginStatus.Incompatible(
                $"built for version {manifest.Contract} of the plugin contract, this Tandem has version {PluginContract.Version}");
        }

        var path = Path.Combine(Path.GetFullPath(folder), manifest.Assembly);
        if (!File.Exists(path))
            return new PluginStatus.Broken($"its assembly {manifest.Assembly} is missing");
        try
        {
            return Create(path, manifest);
        }
        catch (Exception exception)
        {
            return new PluginStatus.Broken(Explain(exception, manifest));
        }
    }

    private static PluginStatus Create(string path, PluginManifest manifest)
    {
        // Dispose would end the load context; it lives as long as the process.
        var loader = PluginLoader.CreateFromAssemblyFile(path, [typeof(IEnginePlugin)]);
        var type = loader.LoadDefaultAssembly().GetType(manifest.Type, throwOnError: false);
        if (type is null)
            return new PluginStatus.Broken($"{manifest.Assembly} has no type {manifest.Type}");
        if (!typeof(IEnginePlugin).IsAssignableFrom(type))
            return new PluginStatus.Broken($"{manifest.Type} does not implement {nameof(IEnginePlugin)} of the shared contract assembly");
        var plugin = (IEnginePlugin)Activator.CreateInstance(type)!;
        var engine = plugin.Engine;
        return engine.Id == manifest.Id
            ? new PluginStatus.Loaded(plugin, engine)
            : new PluginStatus.Broken($"the manifest says engine '{manifest.Id}', the plugin says '{engine.Id}'");
    }

    private static string Explain(Exception exception, PluginManifest manifest) => exception switch
    {
        TargetInvocationException { InnerException: { } inner } when IsMissing(inner) is { } missing => $"it needs {missing}, which is missing",
        TargetInvocationException { InnerException: { } inner } => $"its constructor threw {inner.GetType().Name}: {inner.Message}",
        _ when IsMissing(exception) is { } missing => $"it needs {missing}, which is missing",
        MissingMethodException => $"{manifest.Type} has no public constructor without parameters",
        BadImageFormatException => $"{manifest.Assembly} is not a .NET assembly",
        _ => $"it cannot be loaded: {exception.GetType().Name}: {exception.Message}",
    };

    private static string? IsMissing(Exception exception) => exception switch
    {
        FileNotFoundException missing => missing.FileName,
        TypeInitializationException { InnerException: FileNotFoundException missing } => missing.FileName,
        _ => null,
    };
}
