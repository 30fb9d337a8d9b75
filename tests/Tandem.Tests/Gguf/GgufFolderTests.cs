using Tandem.Plugins;
using static Tandem.Tests.Gguf.GgufModels;

namespace Tandem.Tests.Gguf;

public sealed class GgufFolderTests
{
    [Theory]
    [InlineData("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct", "Q4_1")]
    [InlineData("Qwen2.5-14B-Instruct-Q4_K_M.gguf", "Qwen2.5-14B-Instruct", "Q4_K_M")]
    [InlineData("model-UD-IQ2_XXS.gguf", "model", "UD-IQ2_XXS")]
    [InlineData("model_bf16.gguf", "model", "bf16")]
    [InlineData("storyteller.gguf", "storyteller", null)]
    [InlineData("q8_0.gguf", "q8_0", null)]
    public void A_name_is_parted_into_stem_and_quantisation(string file, string stem, string? quantization)
    {
        var source = Assert.Single(Find(file));
        Assert.Equal((stem, quantization), (source.Stem, source.Quantization));
    }

    [Fact]
    public void Parts_are_one_model_and_a_projector_belongs_to_the_models_beside_it()
    {
        var source = Assert.Single(Find("m-Q4_0-00002-of-00002.gguf", "m-Q4_0-00001-of-00002.gguf", "mmproj-m-f16.gguf", "notes.txt"));
        Assert.Equal(("m", "Q4_0"), (source.Stem, source.Quantization));
        Assert.Equal(["m-Q4_0-00001-of-00002.gguf", "m-Q4_0-00002-of-00002.gguf"], source.Files.Select(Path.GetFileName));
        Assert.EndsWith("mmproj-m-f16.gguf", source.ProjectorPath, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_quantisations_are_several_models() => Assert.Equal(2, Find("m-Q4_0.gguf", "m-Q8_0.gguf").Count);

    private static IReadOnlyList<ModelSource> Find(params string[] names) => Plugin.FindModels(new FolderListing(
        Path.GetTempPath(), [.. names.Select(name => new FolderFile(name, 1, DateTimeOffset.UnixEpoch))]));
}
