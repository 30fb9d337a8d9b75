using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Host.Storage;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Gguf;

namespace Tandem.Tests.Models;

/// <summary>What a second start finds in the database and the cache folder.</summary>
public sealed class CacheTests : IDisposable
{
    private static readonly IReadOnlyList<IEnginePlugin> Plugins = [new LlamaCppPlugin(), new MlxPlugin()];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Vocabularies => Path.Combine(_folder.Path, "home", "cache", "vocabularies");

    [Fact]
    public async Task A_second_start_reads_no_header_and_asks_no_rule_and_says_the_same()
    {
        Write("p/main/m.gguf", "t", 300);
        Write("p/draft/m.gguf", "t", 300);
        Write("p/words/m.gguf", "x", 300);
        await using (var first = await StartAsync([.. Plugins.Select(plugin => new WatchedPlugin(plugin))]))
            await first.SettledAsync();

        await using var second = await StartAsync([.. Plugins.Select(plugin => new WatchedPlugin(plugin) { KnowsNamesOnly = true })]);
        Assert.Equal(PairIndexState.Ready, second.Index.State);
        Assert.Equal(3, second.Index.Snapshot.Models.Length);
        Assert.Equal("T", second.Catalogue.Snapshot.Models[0].Description!.ChatTemplate);
        Assert.Equal("U", second.Catalogue.Snapshot.Models[0].Description!.NamedTemplates["tool_use"]);
        Assert.Equal(
            [("p/draft", PairFit.Exact), ("p/words", PairFit.Refused)],
            second.Index.Snapshot.DraftsFor("p/main", _ => null).Select(draft => (draft.Model.Key, draft.Fit)));
        var vocabulary = second.Catalogue.Vocabularies.Find(second.Catalogue.Snapshot.Models[0].Description!.Tokenizer!.Fingerprint);
        Assert.Equal((300, "t299"), (vocabulary!.Count, vocabulary.Text(299)));
    }

    [Fact]
    public async Task A_changed_file_is_read_again_and_what_nobody_has_is_forgotten()
    {
        Write("p/main/m.gguf", "t", 300);
        await using (var first = await StartAsync(Plugins))
            await first.SettledAsync();
        Assert.Single(Directory.GetFiles(Vocabularies));
        Write("p/main/m.gguf", "x", 301);
        await using var second = await StartAsync(Plugins);
        await second.SettledAsync();
        Assert.Equal(301, Assert.Single(second.Catalogue.Snapshot.Models).Description!.Tokenizer!.Size);
        Assert.Equal(second.Catalogue.Snapshot.Models[0].Description!.Tokenizer!.Fingerprint, Path.GetFileName(Assert.Single(Directory.GetFiles(Vocabularies))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_vocabulary_that_is_lost_or_damaged_is_read_again(bool lost)
    {
        Write("p/main/m.gguf", "t", 300);
        Write("p/words/m.gguf", "x", 300);
        await using (var first = await StartAsync(Plugins))
            await first.SettledAsync();
        foreach (var path in Directory.GetFiles(Vocabularies))
        {
            if (lost)
                File.Delete(path);
            else
                File.WriteAllBytes(path, [.. File.ReadAllBytes(path).Select(one => (byte)(one ^ 1))]);
        }

        await using var second = await StartAsync(Plugins);
        var models = second.Catalogue.Snapshot.Models;
        var verdict = second.Judge.Judge(models[0], models[1]).Verdict;
        if (lost)
        {
            Assert.Equal(new TokenDifference(5, "t5", "x5"), verdict.FirstDifference);
        }
        else
        {
            // Not trusted; a refresh reads the headers again.
            Assert.Null(verdict.FirstDifference);
            await second.Index.RefreshAsync(CancellationToken.None);
            // What is held weakly is read from its file again.
            GC.Collect();
            Assert.Equal(new TokenDifference(5, "t5", "x5"), second.Judge.Judge(models[0], models[1]).Verdict.FirstDifference);
        }
    }

    [Fact]
    public async Task Threads_that_write_the_same_file_at_once_do_not_disturb_each_other()
    {
        var path = Path.Combine(_folder.Path, "same", "file");
        await Parallel.ForAsync(0, 64, TestContext.Current.CancellationToken, (number, _) =>
        {
            Host.Workers.AtomicFile.Write(path, [.. Enumerable.Repeat((byte)number, 4096)]);
            Assert.Single(File.ReadAllBytes(path).Distinct());
            return ValueTask.CompletedTask;
        });
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task What_was_measured_of_a_pair_survives()
    {
        await using (var first = await StartAsync(Plugins))
            await first.Pairs.RecordAsync("p/main", "p/draft", new PairMeasurement(0.75, 1.5), CancellationToken.None);
        await using var second = await StartAsync(Plugins);
        Assert.Equal(new PairMeasurement(0.75, 1.5), second.Pairs.Find("p/main", "p/draft"));
        Assert.Null(second.Pairs.Find("p/draft", "p/main"));
    }

    private void Write(string relative, string letter, int tokens) => _folder.Write(Path.Combine("models", relative), GgufBuilder
        .Model([.. Enumerable.Range(0, tokens).Select(id => $"{letter}{id}")])
        .Text("general.name", relative).Text("tokenizer.chat_template", "T").Text("tokenizer.chat_template.tool_use", "U").Build());

    private async Task<Stored> StartAsync(IReadOnlyList<IEnginePlugin> plugins)
    {
        var options = new HostOptions { HomeFolder = Path.Combine(_folder.Path, "home") };
        Directory.CreateDirectory(options.HomeFolder);
        var database = new Database(options, [ModelCache.Schema, PairStore.Schema], TimeProvider.System, NullLogger<Database>.Instance);
        var files = new VocabularyFiles(options, NullLogger<VocabularyFiles>.Instance);
        var tools = new CatalogueTools(new ModelCache(database, files), new VocabularyStore(files));
        var catalogue = new ModelCatalogue(
            [new ModelFolder(Path.Combine(_folder.Path, "models"))], () => plugins, tools, TimeProvider.System, NullLogger<ModelCatalogue>.Instance);
        var pairs = new PairStore(database);
        var builder = new PairIndexBuilder(() => plugins, catalogue.Vocabularies, 1L << 40, pairs, NullLogger.Instance);
        var index = new PairIndex(catalogue, builder, TimeProvider.System, NullLogger<PairIndex>.Instance);
        await catalogue.StartAsync(CancellationToken.None);
        await index.StartAsync(CancellationToken.None);
        await index.Ready.WaitAsync(RunningCatalogue.Bound);
        return new Stored(catalogue, index, new PairJudge(index, catalogue.Vocabularies, () => plugins, pairs.Find, _ => null), pairs, database);
    }

    private sealed record Stored(ModelCatalogue Catalogue, PairIndex Index, PairJudge Judge, PairStore Pairs, Database Database) : IAsyncDisposable
    {
        /// <summary>What was found out has been written down.</summary>
        public async Task SettledAsync()
        {
            await Catalogue.RescanAsync(forget: false, CancellationToken.None);
            await Support.Until.TrueAsync(() => Database.RunAsync(c => c.Scalar<long>("SELECT count(*) FROM pairs_fits") > 0, CancellationToken.None));
        }

        public async ValueTask DisposeAsync()
        {
            await Catalogue.StopAsync(CancellationToken.None);
            await Index.StopAsync(CancellationToken.None);
            Catalogue.Dispose();
            Index.Dispose();
            await Database.DisposeAsync();
        }
    }

    /// <summary>A plugin that, when told so, recognises models and can do no more.</summary>
    private sealed class WatchedPlugin(IEnginePlugin inner) : ForwardingPlugin(inner)
    {
        public bool KnowsNamesOnly { get; init; }

        public override ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken) =>
            KnowsNamesOnly ? throw new InvalidOperationException() : base.DescribeAsync(source, cancellationToken);

        public override PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies) =>
            KnowsNamesOnly ? throw new InvalidOperationException() : base.Judge(main, draft, vocabularies);
    }
}
