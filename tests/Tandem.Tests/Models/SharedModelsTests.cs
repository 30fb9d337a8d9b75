using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;

namespace Tandem.Tests.Models;

/// <summary>Real models of other makers, where they are at hand.</summary>
public sealed class SharedModelsTests
{
    [Fact]
    public async Task Real_models_are_listed_described_and_judged()
    {
        var folder = Path.Combine(RepositoryPaths.Shared ?? "", "models");
        Assert.SkipUnless(Directory.Exists(folder), "The shared models are not here.");
        IReadOnlyList<IEnginePlugin> plugins = [new LlamaCppPlugin(), new MlxPlugin()];
        await using var running = await RunningCatalogue.StartAsync(
            plugins, new ModelFolder(folder), new ModelFolder(RepositoryPaths.EmbeddedModels, Embedded: true));
        var smol = Found(running, "smollm2-135m-instruct");
        Assert.Equal(("local/smollm2-135m-instruct", "llama", "Q4_1", 30), (smol.Key, smol.Description!.Architecture, smol.Description.Quantization, smol.Description.LayerCount));
        Assert.Equal((49_152, "smollm", 8192), (smol.Description.Tokenizer!.Size, smol.Description.Tokenizer.PreTokenizer, smol.Description.ContextLength));
        var embedding = Found(running, "all-minilm-l6-v2");
        Assert.Equal((ModelKind.Embedding, 384, 30_522), (embedding.Description!.Kind, embedding.Description.EmbeddingLength, embedding.Description.Tokenizer!.Size));
        Assert.Contains("local/storyteller, tandem/storyteller",
            Assert.IsType<ModelResolution.NotFound>(running.Catalogue.Resolve("storyteller")).Failure.Message, StringComparison.Ordinal);
        var failure = running.Judge.Judge(smol, Found(running, "tandem/storyteller")).Failure;
        Assert.Equal(FailureCodes.DraftVocabularyMismatch, failure?.Code);
        Assert.Contains("[size]", failure!.Message, StringComparison.Ordinal);
        Assert.Contains("[text]", failure.Message, StringComparison.Ordinal);
    }

    private static ModelEntry Found(RunningCatalogue running, string name) =>
        Assert.IsType<ModelResolution.Found>(running.Catalogue.Resolve(name)).Model;
}
