using System.Text;
using System.Text.Json.Nodes;
using Tandem.Plugins;
using Tandem.Plugins.Mlx;

namespace Tandem.Tests.Mlx;

public sealed class MlxModelTests : IDisposable
{
    private static readonly MlxPlugin Plugin = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_embedded_model_is_described_like_its_gguf_twin()
    {
        var (model, vocabulary) = Described(await DescribeAsync(Path.Combine(RepositoryPaths.EmbeddedModels, "tandem", "storyteller-mlx")));
        Assert.Equal(("llama", "8bit", 6, 192, 2048), (model.Architecture, model.Quantization, model.LayerCount, model.EmbeddingLength, model.ContextLength));
        Assert.InRange(model.ParameterCount, 2_700_000, 2_800_000);
        Assert.Equal(6 * 64, model.KeyElementsPerToken);
        var tokenizer = model.Tokenizer!;
        Assert.Equal(("BPE", 2048, 2048), (tokenizer.Kind, tokenizer.Size, tokenizer.PaddedSize));
        Assert.Equal((1, 2, "<|im_end|>", false), (tokenizer.Bos, tokenizer.Eos, tokenizer.EosText, tokenizer.AddBos));
        Assert.StartsWith("Sequence#", tokenizer.PreTokenizer, StringComparison.Ordinal);
        Assert.Equal("<tool_call>", vocabulary!.Text(2046));
        Assert.Contains("<|im_start|>", model.ChatTemplate, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapters_gguf_companions_and_folders_without_a_config_are_no_models()
    {
        Assert.Empty(Find("config.json", "adapters.safetensors"));
        Assert.Empty(Find("model.safetensors"));
        Assert.Empty(Find("config.json", "model.safetensors", "x.gguf"));
        Assert.True(Assert.Single(Find("config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")).IsFolder);
        await Task.CompletedTask;
    }

    [Theory]
    [InlineData("config.json", "{", "config.json")]
    [InlineData("config.json", "[]", "config.json")]
    [InlineData("config.json", "{\"model_type\":7}", "config.json model_type")]
    [InlineData("config.json", "{\"model_type\":\"llama\",\"num_hidden_layers\":-1}", "config.json num_hidden_layers")]
    [InlineData("tokenizer.json", "{\"model\":{\"vocab\":{\"a\":-1}}}", "tokenizer.json model.vocab")]
    [InlineData("tokenizer.json", "{\"model\":{\"vocab\":{\"a\":2000000000}}}", "tokenizer.json model.vocab")]
    [InlineData("tokenizer.json", "{\"model\":{\"vocab\":{\"a\":\"b\"}}}", "tokenizer.json")]
    [InlineData("tokenizer.json", "{\"model\":{}}", "tokenizer.json model.vocab")]
    [InlineData("model.safetensors", "short", "model.safetensors")]
    public async Task A_broken_file_names_file_and_field(string file, string content, string field)
    {
        var path = WriteModel(["a", "b"]);
        File.WriteAllText(Path.Combine(path, file), content);
        Assert.Equal(field, Assert.IsType<DescribeResult.Broken>(await DescribeAsync(path)).Field);
    }

    [Fact]
    public async Task Json_nested_without_end_is_refused()
    {
        var path = WriteModel(["a"]);
        File.WriteAllText(Path.Combine(path, "tokenizer.json"), "{\"x\":" + new string('[', 1_000_000));
        Assert.Equal("tokenizer.json", Assert.IsType<DescribeResult.Broken>(await DescribeAsync(path)).Field);
    }

    [Fact]
    public async Task Weights_cut_short_are_refused()
    {
        var path = WriteModel(["a", "b"]);
        var weights = Path.Combine(path, "model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^1]);
        var broken = Assert.IsType<DescribeResult.Broken>(await DescribeAsync(path));
        Assert.Equal("model.safetensors model.embed_tokens.weight", broken.Field);
    }

    [Fact]
    public async Task Equal_texts_fit_exactly_and_a_smaller_vocabulary_in_a_larger_one_is_tolerated()
    {
        Assert.Equal(PairFit.Exact, (await JudgeAsync(["a", "b"], ["a", "b"])).Fit);
        Assert.Equal((PairFit.Tolerated, "size"), Summary(await JudgeAsync(["a", "b"], ["a", "b", "c"])));
    }

    [Fact]
    public async Task Other_texts_other_kinds_and_ids_beyond_the_drafts_rows_are_refused()
    {
        var text = await JudgeAsync(["a", "b"], ["a", "x"]);
        Assert.Equal((PairFit.Refused, "text"), Summary(text));
        Assert.Equal(new TokenDifference(1, "b", "x"), text.FirstDifference);
        Assert.Equal((PairFit.Refused, "range"), Summary(await JudgeAsync(["a", "b", "c"], ["a", "b"])));
        Assert.Equal((PairFit.Refused, "kind"), Summary(await JudgeAsync(["a"], ["a"], draftKind: "Unigram")));
        Assert.Equal((PairFit.Refused, "pre_tokenizer"), Summary(await JudgeAsync(["a"], ["a"], draftSplit: "Whitespace")));
    }

    private static (PairFit Fit, string Checks) Summary(PairVerdict verdict) =>
        (verdict.Fit, string.Join(",", verdict.Failed.Select(check => check.Check)));

    private async Task<PairVerdict> JudgeAsync(string[] main, string[] draft, string draftKind = "BPE", string draftSplit = "ByteLevel")
    {
        var (mainModel, mainVocabulary) = Described(await DescribeAsync(WriteModel(main)));
        var (draftModel, draftVocabulary) = Described(await DescribeAsync(WriteModel(draft, draftKind, draftSplit)));
        return Plugin.Judge(mainModel, draftModel, new Vocabularies(mainVocabulary!, draftVocabulary!));
    }

    private static DescribeResult.Described Described(DescribeResult result) => Assert.IsType<DescribeResult.Described>(result);

    private static ValueTask<DescribeResult> DescribeAsync(string path)
    {
        var files = Directory.GetFiles(path).Select(file => new FolderFile(Path.GetFileName(file), 1, DateTimeOffset.UnixEpoch)).ToList();
        return Plugin.DescribeAsync(Assert.Single(Plugin.FindModels(new FolderListing(path, files))), CancellationToken.None);
    }

    private static IReadOnlyList<ModelSource> Find(params string[] names) => Plugin.FindModels(new FolderListing(
        Path.GetTempPath(), [.. names.Select(name => new FolderFile(name, 1, DateTimeOffset.UnixEpoch))]));

    private string WriteModel(string[] tokens, string kind = "BPE", string split = "ByteLevel")
    {
        var name = Guid.NewGuid().ToString("N");
        var vocabulary = new JsonObject(tokens.Select((text, id) => KeyValuePair.Create<string, JsonNode?>(text, id)));
        _folder.Write($"{name}/config.json", new JsonObject
        {
            ["model_type"] = "llama",
            ["hidden_size"] = 4,
            ["num_hidden_layers"] = 1,
            ["num_attention_heads"] = 1,
            ["max_position_embeddings"] = 64,
            ["vocab_size"] = tokens.Length,
        }.ToJsonString());
        _folder.Write($"{name}/tokenizer.json", new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = split },
            ["model"] = new JsonObject { ["type"] = kind, ["vocab"] = vocabulary, ["merges"] = new JsonArray("a b") },
        }.ToJsonString());
        var bytes = tokens.Length * 4 * 4;
        var header = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["model.embed_tokens.weight"] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray(tokens.Length, 4),
                ["data_offsets"] = new JsonArray(0, bytes),
            },
        }.ToJsonString());
        var weights = _folder.Write($"{name}/model.safetensors", [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[bytes]]);
        return Path.GetDirectoryName(weights)!;
    }

    private sealed class Vocabularies(params Vocabulary[] known) : IVocabularySource
    {
        public Vocabulary? Find(string fingerprint) => Array.Find(known, one => one.Fingerprint == fingerprint);
    }
}
