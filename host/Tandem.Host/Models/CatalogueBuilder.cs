using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>Makes one snapshot: scans the folders, describes what is new or changed, gives keys.</summary>
internal sealed class CatalogueBuilder(
    IReadOnlyList<ModelFolder> folders, Func<IReadOnlyList<IEnginePlugin>> plugins, VocabularyStore vocabularies, TimeProvider time, ILogger logger)
{
    // Headers are read at disk speed; half the cores are left to those who generate, where there are some.
    private static readonly int Parallelism = Math.Max(2, Environment.ProcessorCount / 2);

    // Plugins parse a vocabulary once for all files that share it, for as long as somebody holds it: those of the last files, while a scan runs.
    private const int VocabulariesHeld = 64;

    private readonly ModelScanner _scanner = new(folders, plugins, logger);
    private readonly SharedParts _shared = new();
    private readonly ConcurrentQueue<Vocabulary> _held = new();

    /// <summary>
    /// The snapshot after <paramref name="previous"/>, which is itself returned when nothing has changed. While a first scan still reads
    /// headers, <paramref name="publish"/> gets what is known before: keys of all models, descriptions of the embedded ones.
    /// </summary>
    public async Task<CatalogueSnapshot> BuildAsync(
        CatalogueSnapshot previous, Action<CatalogueSnapshot> publish, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var found = _scanner.Scan(cancellationToken);
        var described = new ConcurrentDictionary<string, DescribeResult>();
        var unread = new List<FoundModel>();
        foreach (var model in found.DistinctBy(model => model.Identity))
        {
            if (IsSettled(previous.Described.GetValueOrDefault(model.Identity)) is { } known)
                described[model.Identity] = known;
            else
                unread.Add(model);
        }

        var rest = unread.Where(model => !folders[model.FolderIndex].Embedded).ToList();
        await DescribeAsync(unread.Except(rest), described, cancellationToken);
        if (!previous.Complete && rest.Count > 0)
            publish(Snapshot(previous, found, described, complete: false));
        await DescribeAsync(rest, described, cancellationToken);
        _held.Clear();
        if (previous.Complete && described.Count == previous.Described.Count && found.Count == previous.Models.Length
            && described.All(entry => previous.Described.GetValueOrDefault(entry.Key)?.Equals(entry.Value) == true))
            return previous;
        var snapshot = Snapshot(previous, found, described, complete: true);
        ModelLog.Scanned(logger, snapshot.Models.Length, snapshot.Models.Count(model => model.Problem is not null), time.GetElapsedTime(start).TotalSeconds);
        return snapshot;
    }

    private CatalogueSnapshot Snapshot(
        CatalogueSnapshot previous, List<FoundModel> found, ConcurrentDictionary<string, DescribeResult> described, bool complete) => new()
        {
            Revision = previous.Revision + (complete ? 1 : 0),
            Complete = complete,
            Models = MakeEntries(found, described),
            Described = described.ToImmutableDictionary(),
        };

    /// <summary>What the content of a file decided stays as it is; what the system refused (rights, a busy disk) is tried again.</summary>
    private static DescribeResult? IsSettled(DescribeResult? result) => result is DescribeResult.Broken { Field: null } ? null : result;

    private Task DescribeAsync(
        IEnumerable<FoundModel> models, ConcurrentDictionary<string, DescribeResult> described, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            models,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (model, token) => described[model.Identity] = await DescribeOneAsync(model, token));

    private async ValueTask<DescribeResult> DescribeOneAsync(FoundModel model, CancellationToken cancellationToken)
    {
        if (model.EmptyFile is { } empty)
            return new DescribeResult.Broken($"{empty} is empty, or no file.", empty);
        try
        {
            var result = await model.Plugin.DescribeAsync(model.Source, cancellationToken);
            if (result is DescribeResult.Broken broken)
                ModelLog.Unusable(logger, model.Source.Path, broken.Reason);
            if (result is not DescribeResult.Described full)
                return result;
            if (full.Vocabulary is { } vocabulary)
            {
                vocabularies.Add(vocabulary);
                _held.Enqueue(vocabulary);
                if (_held.Count > VocabulariesHeld)
                    _held.TryDequeue(out _);
            }

            return new DescribeResult.Described(_shared.Share(full.Model), null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            ModelLog.PluginThrew(logger, exception, model.Plugin.Engine.Id, model.Source.Path);
            return new DescribeResult.Broken($"The plugin of {model.Plugin.Engine.DisplayName} failed on it: {exception.Message}", null);
        }
    }

    private ImmutableArray<ModelEntry> MakeEntries(List<FoundModel> found, ConcurrentDictionary<string, DescribeResult> described)
    {
        var defaults = folders.Where(folder => folder.Embedded).SelectMany(folder => EmbeddedDefaults.Read(folder.Path, logger))
            .DistinctBy(entry => entry.Key).ToDictionary();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<ModelEntry>(found.Count);
        foreach (var group in found.GroupBy(model => (model.FolderIndex, model.BaseKey)).OrderBy(group => group.Key.FolderIndex))
        {
            var sameKey = group.ToList();
            var keys = ModelKeys.Distinguish(group.Key.BaseKey, [.. sameKey.Select(model => (model.Source, QuantizationOf(model)))]);
            foreach (var (model, key) in sameKey.Zip(keys))
                entries.Add(MakeEntry(model, key, described.GetValueOrDefault(model.Identity), defaults, shadowed: !taken.Add(key)));
        }
        return [.. entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).ThenBy(entry => entry.Shadowed)];

        string? QuantizationOf(FoundModel model) => (described.GetValueOrDefault(model.Identity) as DescribeResult.Described)?.Model.Quantization;
    }

    private ModelEntry MakeEntry(
        FoundModel found, string key, DescribeResult? described, Dictionary<string, ModelDefaults> defaults, bool shadowed)
    {
        if (shadowed)
            ModelLog.KeyTaken(logger, key, found.Source.Path);
        var embedded = folders[found.FolderIndex].Embedded;
        var broken = described as DescribeResult.Broken;
        return new ModelEntry
        {
            Key = key,
            EngineId = found.Plugin.Engine.Id,
            Source = found.Source,
            Description = (described as DescribeResult.Described)?.Model,
            Problem = broken?.Reason,
            ProblemField = broken?.Field,
            Embedded = embedded,
            Shadowed = shadowed,
            Shipped = embedded ? defaults.GetValueOrDefault(key, ModelDefaults.None) : ModelDefaults.None,
        };
    }

    /// <summary>Equal parts of many descriptions (tokenizers, templates of several kilobytes) are held once.</summary>
    private sealed class SharedParts
    {
        private const int Most = 4096;
        private readonly ConcurrentDictionary<object, object> _parts = new();

        public ModelDescription Share(ModelDescription model) => model with
        {
            Tokenizer = Share(model.Tokenizer),
            ChatTemplate = Share(model.ChatTemplate),
        };

        private T? Share<T>(T? part)
            where T : class
        {
            if (part is null)
                return null;
            if (_parts.Count > Most)
                _parts.Clear();
            return (T)_parts.GetOrAdd(part, part);
        }
    }
}
