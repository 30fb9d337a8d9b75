using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Gguf;
using Tandem.Tests.Models;
using Tandem.Tests.Support;

namespace Tandem.Tests.Pairs;

public sealed class PairIndexTests : IDisposable
{
    private static readonly IReadOnlyList<IEnginePlugin> Plugins = [new LlamaCppPlugin(), new MlxPlugin()];
    private static readonly IReadOnlyList<string> Tokens = GgufModels.Tokens(300);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama", "llama-bpe", 8.03, 1.24, 128_256, 128_256, PairFit.Exact)]
    [InlineData("qwen2", "qwen2", 14.8, 0.49, 152_064, 151_936, PairFit.Tolerated)]
    [InlineData("qwen2", "deepseek-r1-qwen", 32.8, 1.78, 152_064, 151_936, PairFit.Tolerated)]
    public async Task The_pairs_of_the_announcement_fit_and_are_recommended(
        string architecture, string pre, double main, double draft, int mainTokens, int draftTokens, PairFit fit)
    {
        Model("main", main, GgufModels.Tokens(mainTokens), architecture, pre);
        Model("draft", draft, GgufModels.Tokens(draftTokens), architecture, pre);
        await using var running = await StartAsync();
        var best = Assert.Single(running.Judge.FindDrafts(running.Model("p/main")));
        Assert.Equal(("p/draft", fit, 1, true, null), (best.Model.Key, best.Fit, best.Rank, best.Recommended, best.Advice));
        Assert.Equal(1, running.Index.Snapshot.RecommendedFor("p/draft"));
        Assert.Equal(0, running.Index.Snapshot.RecommendedFor("p/main"));
    }

    [Fact]
    public async Task While_models_are_read_the_index_is_identifying_and_never_ready_and_empty()
    {
        Model("main", 8, Tokens);
        Model("draft", 1, Tokens);
        var gate = new TaskCompletionSource();
        await using var running = await RunningCatalogue.BeginAsync(
            [new GatedPlugin(Plugins[0], gate.Task)], new ModelFolder(_folder.Path));
        await Until.TrueAsync(() => !running.Catalogue.Snapshot.Models.IsEmpty);
        Assert.False(running.Catalogue.Snapshot.Complete);
        Assert.Equal(PairIndexState.Identifying, running.Judge.List(running.Model("p/main")).State);
        Assert.False(running.Index.Ready.IsCompleted);

        gate.SetResult();
        await running.Index.Ready.WaitAsync(RunningCatalogue.Bound, TestContext.Current.CancellationToken);
        var list = running.Judge.List(running.Model("p/main"));
        Assert.Equal(PairIndexState.Ready, list.State);
        Assert.Equal(PairFit.Exact, Assert.Single(list.Drafts).Verdict.Fit);
    }

    [Fact]
    public async Task A_refresh_is_identifying_until_it_is_through()
    {
        Model("main", 8, Tokens);
        Model("draft", 1, Tokens);
        var plugin = new GatedPlugin(Plugins[0], Task.CompletedTask);
        await using var running = await RunningCatalogue.StartAsync([plugin], new ModelFolder(_folder.Path));
        var gate = new TaskCompletionSource();
        plugin.Gate = gate.Task;
        var refresh = running.Index.RefreshAsync(CancellationToken.None);
        var list = running.Judge.List(running.Model("p/main"));
        Assert.Equal((PairIndexState.Identifying, 1), (list.State, list.Drafts.Count));
        gate.SetResult();
        await refresh.WaitAsync(RunningCatalogue.Bound, TestContext.Current.CancellationToken);
        Assert.Equal(PairIndexState.Ready, running.Index.State);
        Assert.Equal(4, plugin.Described);
    }

    [Fact]
    public async Task A_projector_beside_a_model_changes_nothing()
    {
        Model("main", 8, Tokens);
        Model("draft", 1, Tokens);
        await using var running = await StartAsync();
        var before = Summary(running);
        _folder.Write("p/main/mmproj-main-f16.gguf", "a projector");
        await running.Catalogue.RescanAsync(forget: false, CancellationToken.None);
        Assert.True(running.Model("p/main").Description!.AcceptsMedia);
        await Until.TrueAsync(() => running.Index.State == PairIndexState.Ready);
        Assert.Equal(before, Summary(running));
        Assert.Equal("p/draft:Exact:1:True", before);
    }

    [Fact]
    public async Task Every_other_model_is_listed_with_the_reason_why_it_does_not_fit()
    {
        Model("main", 8, Tokens);
        Model("fits", 1, Tokens);
        Model("larger", 9, Tokens);
        Model("words", 1, [.. Tokens.Select((text, id) => id == 77 ? "other" : text)]);
        Model("kind", 1, Tokens, kind: "plamo2");
        await using var running = await RunningCatalogue.StartAsync(
            Plugins, new ModelFolder(_folder.Path), new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true));
        var list = running.Judge.List(running.Model("p/main")).Drafts.ToDictionary(draft => draft.Candidate.Model.Key);
        Assert.Equal(8, list.Count);
        Assert.Equal((1, true), (list["p/fits"].Candidate.Rank, list["p/fits"].Candidate.Recommended));
        Assert.Equal((null, PairFit.Exact), (list["p/larger"].Candidate.Rank, list["p/larger"].Verdict.Fit));
        Assert.Contains("no smaller", list["p/larger"].Candidate.Advice, StringComparison.Ordinal);
        Assert.Equal(new TokenDifference(77, "t77", "other"), list["p/words"].Verdict.FirstDifference);
        Assert.Equal(["kind"], list["p/kind"].Verdict.Failed.Select(check => check.Check));
        Assert.Equal(["engine"], list["tandem/storyteller-draft-mlx"].Verdict.Failed.Select(check => check.Check));
        Assert.Equal(PairFit.Refused, list["tandem/storyteller-draft"].Verdict.Fit);
    }

    [Fact]
    public async Task Memory_guideline_family_and_size_rank_until_something_is_measured()
    {
        Model("main", 14, Tokens);
        Model("small", 0.5, Tokens);
        Model("middle", 3, Tokens);
        Model("beyond-guideline", 7, Tokens);
        Model("other-family", 0.4, Tokens, architecture: "qwen2");
        Model("measured-faster", 8, Tokens);
        Model("measured-slower", 1, Tokens);
        await using var running = await RunningCatalogue.BeginAsync(Plugins, Measured, new ModelFolder(_folder.Path));
        await running.Index.Ready.WaitAsync(RunningCatalogue.Bound, TestContext.Current.CancellationToken);
        var drafts = running.Judge.FindDrafts(running.Model("p/main"));
        Assert.Equal(
            ["p/measured-faster", "p/small", "p/middle", "p/other-family", "p/beyond-guideline", "p/measured-slower"],
            drafts.Select(draft => draft.Model.Key));
        Assert.Equal([true, true, true, true, false, false], drafts.Select(draft => draft.Recommended));
        Assert.Equal([1, 2, 3, 4, 5, 6], drafts.Select(draft => draft.Rank));

        static PairMeasurement? Measured(string main, string draft) => draft switch
        {
            "p/measured-faster" => new PairMeasurement(0.8, 1.7),
            "p/measured-slower" => new PairMeasurement(0.2, 0.9),
            _ => null,
        };
    }

    [Fact]
    public async Task A_pair_that_does_not_fit_in_memory_ranks_behind_and_says_so()
    {
        // 124 GB and 15 GB, where the test's machine has 128 GiB.
        Model("main", 62, Tokens);
        Model("large", 7.5, Tokens);
        Model("small", 1, Tokens, architecture: "other");
        await using var running = await StartAsync();
        var drafts = running.Judge.FindDrafts(running.Model("p/main"));
        Assert.Equal(["p/small", "p/large"], drafts.Select(draft => draft.Model.Key));
        Assert.Equal([true, false], drafts.Select(draft => draft.Recommended));
        Assert.Contains("Together they take about 12", drafts[1].Advice, StringComparison.Ordinal);
        Assert.Equal(0, running.Index.Snapshot.RecommendedFor("p/large"));
        // For the main model and for the large draft.
        Assert.Equal(2, running.Index.Snapshot.RecommendedFor("p/small"));
    }

    [Fact]
    public async Task A_plugin_that_throws_while_it_judges_costs_its_own_models_only()
    {
        Model("main", 8, Tokens);
        await using var running = await RunningCatalogue.StartAsync(
            [new GatedPlugin(Plugins[0], Task.CompletedTask) { ThrowsInJudge = true }, Plugins[1]],
            new ModelFolder(_folder.Path), new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true));
        Assert.Equal(PairIndexState.Ready, running.Index.State);
        Assert.Empty(running.Judge.FindDrafts(running.Model("tandem/storyteller")));
        Assert.Single(running.Judge.FindDrafts(running.Model("tandem/storyteller-mlx")));
    }

    private static string Summary(RunningCatalogue running) => string.Join(' ', running.Judge.List(running.Model("p/main")).Drafts.Select(draft =>
        $"{draft.Candidate.Model.Key}:{draft.Verdict.Fit}:{draft.Candidate.Rank}:{draft.Candidate.Recommended}"));

    private Task<RunningCatalogue> StartAsync() => RunningCatalogue.StartAsync(Plugins, new ModelFolder(_folder.Path));

    /// <summary>A model of so many billion weights of 16 bits.</summary>
    private void Model(
        string name, double billions, IReadOnlyList<string> tokens, string architecture = "llama", string pre = "default", string kind = "gpt2") =>
        GgufBuilder.Model(tokens, kind, architecture).Text("tokenizer.ggml.pre", pre).Text("general.name", name)
            .Tensor("weights", [16, (ulong)(billions * 1e9 / 16) - (ulong)tokens.Count], 1)
            .WriteSparse(Path.Combine(_folder.Path, "p", name, name + ".gguf"));

    /// <summary>Describes when the gate opens.</summary>
    private sealed class GatedPlugin(IEnginePlugin inner, Task gate) : ForwardingPlugin(inner)
    {
        private int _described;

        public Task Gate { get; set; } = gate;

        public bool ThrowsInJudge { get; init; }

        public int Described => _described;

        public override async ValueTask<DescribeResult> DescribeAsync(ModelSource source, CancellationToken cancellationToken)
        {
            await Gate.WaitAsync(cancellationToken);
            Interlocked.Increment(ref _described);
            return await base.DescribeAsync(source, cancellationToken);
        }

        public override PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies) =>
            ThrowsInJudge ? throw new InvalidOperationException("a bug") : base.Judge(main, draft, vocabularies);
    }
}
