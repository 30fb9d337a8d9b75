using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.LlamaCpp.Service;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Tests.Gguf;
using Tandem.Tests.Models;

namespace Tandem.Tests.LlamaCpp;

/// <summary>
/// The plugin judges from headers and the worker from the tables of the library that it loads: two programs for one rule. For every pair of
/// models at hand they must say the same.
/// </summary>
public sealed class DraftCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DraftCheckTests() => Assert.Null(NativeLlama.Load(LlamaFixture.Runtime));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_worker_says_of_every_pair_what_the_plugin_says()
    {
        var tokens = GgufModels.Tokens(400);
        Write("base", GgufBuilder.Model(tokens));
        Write("twin", GgufBuilder.Model(tokens).Text("general.name", "Twin"));
        Write("other-pre", GgufBuilder.Model(tokens).Text("tokenizer.ggml.pre", "qwen2"));
        Write("adds-bos", GgufBuilder.Model(tokens).Flag("tokenizer.ggml.add_bos_token", true).UInt32("tokenizer.ggml.bos_token_id", 7));
        Write("adds-other-bos", GgufBuilder.Model(tokens).Flag("tokenizer.ggml.add_bos_token", true).UInt32("tokenizer.ggml.bos_token_id", 8));
        Write("other-eos", GgufBuilder.Model(tokens).UInt32("tokenizer.ggml.eos_token_id", 9));
        Write("adds-eos", GgufBuilder.Model(tokens).Flag("tokenizer.ggml.add_eos_token", true).UInt32("tokenizer.ggml.eos_token_id", 9));
        Write("128-more", GgufBuilder.Model(GgufModels.Tokens(528)));
        Write("129-more", GgufBuilder.Model(GgufModels.Tokens(529)));
        Write("text-below-5", GgufBuilder.Model([.. tokens.Select((text, id) => id == 4 ? "other" : text)]));
        Write("text-at-5", GgufBuilder.Model([.. tokens.Select((text, id) => id == 5 ? "other" : text)]));
        Write("spm", GgufBuilder.Model(tokens, "llama").Entry("tokenizer.ggml.scores", 9, writer =>
        {
            writer.Write(6u);
            writer.Write((ulong)tokens.Count);
            writer.Write(new byte[tokens.Count * 4]);
        }));
        await CompareAllAsync(new ModelFolder(_folder.Path));
    }

    [Fact]
    public async Task The_worker_says_of_real_pairs_what_the_plugin_says()
    {
        var shared = Path.Combine(RepositoryPaths.Shared ?? "", "models");
        await CompareAllAsync(
            new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true), new ModelFolder(shared));
    }

    private static async Task CompareAllAsync(params ModelFolder[] folders)
    {
        await using var running = await RunningCatalogue.StartAsync([GgufModels.Plugin], folders);
        var models = running.Catalogue.Snapshot.Models.Where(model => model is { Shadowed: false, Description.Kind: ModelKind.Language }).ToList();
        Assert.True(models.Count >= 2);
        var loaded = models.ToDictionary(model => model.Key, model => LoadVocabulary(model.Source.Path));
        try
        {
            foreach (var main in models)
            {
                foreach (var draft in models)
                {
                    var worker = DraftCheck.Compare(loaded[main.Key], loaded[draft.Key]);
                    var plugin = running.Judge.Judge(main, draft).Verdict;
                    var pair = $"{main.Key} with {draft.Key}";
                    Assert.True((int)worker.Verdict == (int)plugin.Fit + 1, $"{pair}: worker {worker.Verdict}, plugin {plugin.Fit}");
                    if (plugin.Fit != PairFit.Refused)
                        continue;
                    Assert.True(
                        plugin.Failed.Select(check => check.Check).SequenceEqual(worker.Failed.Select(check => check.Check)),
                        $"{pair}: worker {string.Join(", ", worker.Failed.Select(check => check.Check))}; plugin {string.Join(", ", plugin.Failed.Select(check => check.Check))}");
                    Assert.Equal(plugin.FirstDifference?.Id ?? -1, worker.FirstDifference?.Id ?? -1);
                    Assert.Equal(plugin.FirstDifference?.MainText ?? "", worker.FirstDifference?.MainText ?? "");
                    Assert.Equal(plugin.FirstDifference?.DraftText ?? "", worker.FirstDifference?.DraftText ?? "");
                }
            }
        }
        finally
        {
            foreach (var model in loaded.Values)
                model.Dispose();
        }
    }

    private static LlamaModel LoadVocabulary(string path)
    {
        var parameters = LlamaApi.llama_model_default_params();
        parameters.VocabularyOnly = 1;
        var model = LlamaModel.Load(path, parameters, _ => true, out var reason);
        Assert.True(model is not null, $"{path}: {reason}");
        return model;
    }

    private void Write(string name, GgufBuilder builder) =>
        _folder.Write($"p/{name}/{name}.gguf", builder.Texts("tokenizer.ggml.merges", []).Build());
}
