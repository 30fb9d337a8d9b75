using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Gguf;
using Tandem.Tests.Models;

namespace Tandem.Tests.Pairs;

public sealed class PairJudgeTests
{
    private static readonly IReadOnlyList<IEnginePlugin> Plugins = [new LlamaCppPlugin(), new MlxPlugin()];

    [Fact]
    public async Task The_embedded_pairs_fit_on_their_engines()
    {
        await using var running = await StartAsync();
        var judge = running.Judge;
        foreach (var suffix in new[] { "", "-mlx" })
        {
            var judgement = judge.Judge(Model(running, "tandem/storyteller" + suffix), Model(running, "tandem/storyteller-draft" + suffix));
            Assert.Null(judgement.Failure);
            Assert.Equal(PairFit.Exact, judgement.Verdict.Fit);
        }
    }

    [Theory]
    [InlineData("tandem/storyteller", "tandem/storyteller-draft-mlx", "tandem/storyteller-draft")]
    [InlineData("tandem/storyteller-mlx", "tandem/storyteller-draft", "tandem/storyteller-draft-mlx")]
    public async Task A_draft_of_another_engine_is_refused_and_what_would_fit_is_named(string main, string draft, string fitting)
    {
        await using var running = await StartAsync();
        var judge = running.Judge;
        var failure = judge.Judge(Model(running, main), Model(running, draft)).Failure;
        Assert.Equal((FailureCodes.DraftEngineMismatch, "draft_model"), (failure?.Code, failure?.Param));
        Assert.Contains("llama.cpp", failure!.Message, StringComparison.Ordinal);
        Assert.Contains("mlx", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith($"fit {main}: {fitting}.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vocabulary_refusal_has_all_failing_checks_and_the_first_difference()
    {
        using var folder = new TemporaryFolder();
        folder.Write("p/other/other.gguf", GgufBuilder.Model(GgufModels.Tokens(1000)).Text("tokenizer.ggml.pre", "llama-bpe").Build());
        await using var running = await StartAsync(new ModelFolder(folder.Path));
        var judge = running.Judge;
        var failure = judge.Judge(Model(running, "tandem/storyteller"), Model(running, "p/other")).Failure;
        Assert.Equal(FailureCodes.DraftVocabularyMismatch, failure?.Code);
        foreach (var part in new[] { "[add_bos]", "[size]", "[text]", "First difference: token 5 ", "against \"t5\"", "tandem/storyteller-draft" })
            Assert.Contains(part, failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drafts_are_the_smaller_models_that_fit_the_same_family_first()
    {
        using var folder = new TemporaryFolder();
        var tokens = GgufModels.Tokens(1000);
        folder.Write("p/main/m.gguf", GgufBuilder.Model(tokens).Tensor("w", [16, 1000], 1).Build());
        folder.Write("p/larger/m.gguf", GgufBuilder.Model(tokens).Tensor("w", [16, 2000], 1).Build());
        folder.Write("p/same-family/m.gguf", GgufBuilder.Model(tokens).Tensor("w", [16, 100], 1).Build());
        folder.Write("p/other-family/m.gguf", GgufBuilder.Model(tokens, architecture: "qwen2").Build());
        folder.Write("p/other-words/m.gguf", GgufBuilder.Model([.. tokens.Select(text => "x" + text)]).Build());
        folder.Write("p/embeds/m.gguf", GgufBuilder.Model(tokens).UInt32("llama.pooling_type", 1).Build());
        await using var running = await StartAsync(new ModelFolder(folder.Path));
        var judge = running.Judge;
        Assert.Equal(["p/same-family", "p/other-family"], judge.FindDrafts(Model(running, "p/main")).Select(draft => draft.Model.Key));
    }

    [Fact]
    public async Task A_broken_file_can_be_neither_main_nor_draft()
    {
        using var folder = new TemporaryFolder();
        folder.Write("p/text/text.gguf", "not a model at all, whatever its name says");
        await using var running = await StartAsync(new ModelFolder(folder.Path));
        var judge = running.Judge;
        var judgement = judge.Judge(Model(running, "tandem/storyteller"), Model(running, "p/text"));
        Assert.Equal(PairFit.Refused, judgement.Verdict.Fit);
        Assert.Contains("cannot be used", judgement.Failure?.Message, StringComparison.Ordinal);
        Assert.Empty(judge.FindDrafts(Model(running, "p/text")));
    }

    private static ModelEntry Model(RunningCatalogue running, string key) => running.Model(key);

    private static Task<RunningCatalogue> StartAsync(params ModelFolder[] folders) =>
        RunningCatalogue.StartAsync(Plugins, [.. folders, new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true)]);
}
