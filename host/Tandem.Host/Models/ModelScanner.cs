using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>A model found by names, before it is described.</summary>
/// <param name="FolderIndex">Which of the model folders it lies in.</param>
/// <param name="BaseKey">Its key without <c>@quant</c>.</param>
/// <param name="Identity">Build of the plugin; path, size and time of each file: equal identities need no second description.</param>
/// <param name="EmptyFile">A file of it that holds nothing, or is no file at all (a pipe or a device has no size): it must not be opened.</param>
internal sealed record FoundModel(int FolderIndex, IEnginePlugin Plugin, ModelSource Source, string BaseKey, string Identity, string? EmptyFile);

/// <summary>Walks the model folders and lets every plugin recognise its models by file names alone.</summary>
internal sealed class ModelScanner(IReadOnlyList<ModelFolder> folders, Func<IReadOnlyList<IEnginePlugin>> plugins, ILogger logger)
{
    /// <summary>Levels below a model folder.</summary>
    public const int MaxDepth = 8;

    /// <summary>Folders looked at below one model folder; a home directory given by mistake ends here.</summary>
    public const int MaxFolders = 50_000;

    public List<FoundModel> Scan(CancellationToken cancellationToken)
    {
        var found = new List<FoundModel>();
        var known = plugins();
        for (var index = 0; index < folders.Count; index++)
            ScanFolder(index, known, found, cancellationToken);
        return found;
    }

    private void ScanFolder(int index, IReadOnlyList<IEnginePlugin> known, List<FoundModel> found, CancellationToken cancellationToken)
    {
        var root = folders[index].Path;
        if (!Directory.Exists(root))
            return;
        var open = new Queue<FolderToScan>([FolderToScan.Root(root)]);
        // Links may form a circle; each place is entered once.
        var entered = new HashSet<string>(StringComparer.Ordinal);
        for (var seen = 0; open.TryDequeue(out var folder); seen++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (seen == MaxFolders)
            {
                ModelLog.TooManyFolders(logger, root, MaxFolders);
                return;
            }

            if (!entered.Add(folder.Place) || List(folder) is not { } content)
                continue;
            var isStore = OllamaStore.IsOne(content);
            if (isStore)
                RecogniseStore(index, folder, known, found, cancellationToken);
            if (content.Files.Count > 0)
                Recognise(index, new FolderListing(folder.Path, content.Files), known, found);
            if (folder.Depth == MaxDepth)
                continue;
            foreach (var sub in HuggingFaceCache.Choose(folder, content.Folders).Where(sub => !isStore || !OllamaStore.IsInside(sub)))
                open.Enqueue(sub);
        }
    }

    private FolderContent? List(FolderToScan folder)
    {
        try
        {
            return FolderLister.List(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ModelLog.FolderSkipped(logger, folder.Path, exception.Message);
            return null;
        }
    }

    private void Recognise(int index, FolderListing listing, IReadOnlyList<IEnginePlugin> known, List<FoundModel> found)
    {
        foreach (var plugin in known)
        {
            try
            {
                foreach (var source in plugin.FindModels(listing))
                    found.Add(Found(index, plugin, source, ModelKeys.BaseKey(folders[index].Path, source), FilesOf(source, listing)));
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                ModelLog.PluginThrew(logger, exception, plugin.Engine.Id, listing.Path);
            }
        }
    }

    private void RecogniseStore(
        int index, FolderToScan store, IReadOnlyList<IEnginePlugin> known, List<FoundModel> found, CancellationToken cancellationToken)
    {
        foreach (var model in OllamaStore.Find(store, logger, cancellationToken))
        {
            if (known.FirstOrDefault(plugin => plugin.Engine.Formats.Contains(model.Source.Format)) is { } plugin)
                found.Add(Found(index, plugin, model.Source, model.Name.ToLowerInvariant(), model.Files));
        }
    }

    private static FoundModel Found(int index, IEnginePlugin plugin, ModelSource source, string baseKey, IReadOnlyList<FolderFile> files)
    {
        var identity = new StringBuilder(160).Append(plugin.GetType().Module.ModuleVersionId.ToString("N").AsSpan(0, 8))
            .Append('|').Append(source.Path).Append('|').Append(source.ProjectorPath);
        foreach (var file in files)
            identity.Append(CultureInfo.InvariantCulture, $"|{file.Name}|{file.Size}|{file.Modified.UtcTicks}");
        return new FoundModel(index, plugin, source, baseKey, identity.ToString(), files.FirstOrDefault(file => file.Size == 0)?.Name);
    }

    private static List<FolderFile> FilesOf(ModelSource source, FolderListing listing)
    {
        var names = source.Files.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        return [.. listing.Files.Where(file => names.Contains(file.Name))];
    }
}
