using System.Diagnostics;
using Tandem.Plugins;
using static Tandem.Tests.Gguf.GgufModels;

namespace Tandem.Tests.Gguf;

public sealed class DescribeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_header_tells_what_a_model_is()
    {
        var (model, vocabulary) = await DescribeAsync(GgufBuilder.Model(Tokens(100))
            .Text("tokenizer.ggml.pre", "qwen2").UInt32("tokenizer.ggml.bos_token_id", 7).UInt32("tokenizer.ggml.eos_token_id", 8)
            .Flag("tokenizer.ggml.add_bos_token", true).Text("tokenizer.chat_template", "T").Text("tokenizer.chat_template.tool_use", "U"));
        Assert.Equal(("llama", "Synthetic", "F16", ModelKind.Language), (model.Architecture, model.Name, model.Quantization, model.Kind));
        Assert.Equal((1600L, 512, 2, 16), (model.ParameterCount, model.ContextLength, model.LayerCount, model.EmbeddingLength));
        // 2 layers, 2 heads of 16 / 4 elements.
        Assert.Equal((16L, 16L), (model.KeyElementsPerToken, model.ValueElementsPerToken));
        Assert.Equal(("T", "U"), (model.ChatTemplate, model.NamedTemplates["tool_use"]));
        var tokenizer = model.Tokenizer!;
        Assert.Equal(("gpt2", "qwen2", 100, 100), (tokenizer.Kind, tokenizer.PreTokenizer, tokenizer.Size, tokenizer.PaddedSize));
        Assert.Equal((7, 8, true, false), (tokenizer.Bos, tokenizer.Eos, tokenizer.AddBos, tokenizer.AddEos));
        Assert.Equal(("t7", "t8"), (tokenizer.BosText, tokenizer.EosText));
        Assert.Equal((100, "t99"), (vocabulary!.Count, vocabulary.Text(99)));
    }

    [Fact]
    public async Task Equal_tokens_have_equal_fingerprints_and_moved_borders_do_not()
    {
        async Task<string> Fingerprint(params string[] tokens) => (await DescribeAsync(GgufBuilder.Model(tokens))).Model.Tokenizer!.Fingerprint;
        var one = await Fingerprint("a", "bc", "");
        Assert.Equal(one, await Fingerprint("a", "bc", ""));
        Assert.NotEqual(one, await Fingerprint("ab", "c", ""));
        Assert.NotEqual(one, await Fingerprint("a", "bc"));
    }

    [Theory]
    [InlineData("llama", null, true)]
    [InlineData("gpt2", "llama-bpe", true)]
    [InlineData("gpt2", "qwen2", false)]
    [InlineData("t5", null, false)]
    public async Task Where_a_file_is_silent_the_defaults_of_llama_cpp_hold(string kind, string? pre, bool addsBos)
    {
        var builder = GgufBuilder.Model(Tokens(200), kind);
        if (pre is not null)
            builder.Text("tokenizer.ggml.pre", pre);
        Assert.Equal(addsBos, (await DescribeAsync(builder)).Model.Tokenizer!.AddBos);
    }

    [Fact]
    public async Task An_encoder_and_a_pooling_model_are_for_embeddings()
    {
        Assert.Equal(ModelKind.Embedding, (await DescribeAsync(GgufBuilder.Model(Tokens(200), "bert", "bert"))).Model.Kind);
        Assert.Equal(ModelKind.Embedding, (await DescribeAsync(GgufBuilder.Model(Tokens(9)).UInt32("llama.pooling_type", 3))).Model.Kind);
    }

    [Fact]
    public async Task Padding_of_the_output_layer_is_known()
    {
        var builder = GgufBuilder.Model(Tokens(100)).Tensor("output.weight", [16, 128], 1);
        var tokenizer = (await DescribeAsync(builder)).Model.Tokenizer!;
        Assert.Equal((100, 128), (tokenizer.Size, tokenizer.PaddedSize));
    }

    [Fact]
    public async Task A_split_model_is_the_sum_of_its_parts()
    {
        using var folder = new TemporaryFolder();
        var first = folder.Write("m-00001-of-00002.gguf", GgufBuilder.Model(Tokens(10)).Build());
        var second = folder.Write("m-00002-of-00002.gguf", new GgufBuilder().Tensor("blk.1.w", [16, 4], 1).Build());
        var described = Assert.IsType<DescribeResult.Described>(await DescribeAsync(first, second));
        Assert.Equal(160 + 64, described.Model.ParameterCount);
        var broken = Assert.IsType<DescribeResult.Broken>(await DescribeAsync(first));
        Assert.Contains("Of its 2 parts 1", broken.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_embedded_models_are_described()
    {
        var main = await EmbeddedAsync("storyteller");
        var draft = await EmbeddedAsync("storyteller-draft");
        Assert.Equal(("llama", "Q8_0", 6, 192, 2048), (main.Architecture, main.Quantization, main.LayerCount, main.EmbeddingLength, main.ContextLength));
        Assert.InRange(main.ParameterCount, 2_700_000, 2_800_000);
        Assert.InRange(draft.ParameterCount, 600_000, 620_000);
        Assert.Equal(main.Tokenizer, draft.Tokenizer);
        Assert.Equal((2048, "gpt2", "<|im_end|>"), (main.Tokenizer!.Size, main.Tokenizer.Kind, main.Tokenizer.EosText));
        Assert.Contains("<|im_start|>", main.ChatTemplate, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_vocabulary_is_read_fast()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("large.gguf", GgufBuilder.Model(Tokens(152_064)).Texts("tokenizer.ggml.merges", Tokens(150_000)).Build());
        await DescribeAsync(path);
        var start = Stopwatch.GetTimestamp();
        await DescribeAsync(path);
        var elapsed = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"152,064 tokens in {elapsed.TotalMilliseconds:F1} ms");
        // The goal is 30 ms; bounds are ten times the goal.
        Assert.InRange(elapsed.TotalMilliseconds, 0, 300);
    }

    private static async Task<ModelDescription> EmbeddedAsync(string name)
    {
        var path = Path.Combine(RepositoryPaths.EmbeddedModels, "tandem", name, name + ".gguf");
        return Assert.IsType<DescribeResult.Described>(await DescribeAsync(path)).Model;
    }
}
