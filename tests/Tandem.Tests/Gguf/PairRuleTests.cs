using Tandem.Plugins;
using static Tandem.Tests.Gguf.GgufModels;

namespace Tandem.Tests.Gguf;

/// <summary>llama.cpp's rule, one case per condition and its tolerances.</summary>
public sealed class PairRuleTests
{
    private static readonly IReadOnlyList<string> Base = Tokens(1000);

    [Fact]
    public async Task The_same_tokenizer_fits_exactly()
    {
        var verdict = await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Base));
        Assert.Equal(PairFit.Exact, verdict.Fit);
        Assert.Empty(verdict.Failed);
        Assert.Null(verdict.FirstDifference);
    }

    [Fact]
    public async Task Another_kind_is_refused() =>
        AssertRefused(await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Base, "plamo2")), "kind");

    [Fact]
    public async Task Another_start_token_is_refused_only_where_it_is_added()
    {
        static GgufBuilder With(uint bos, bool adds) =>
            GgufBuilder.Model(Base).UInt32("tokenizer.ggml.bos_token_id", bos).Flag("tokenizer.ggml.add_bos_token", adds);
        AssertRefused(await JudgeAsync(With(1, true), With(2, true)), "bos");
        AssertRefused(await JudgeAsync(With(1, true), With(1, false)), "add_bos");
        AssertTolerated(await JudgeAsync(With(1, false), With(2, false)), "bos");
    }

    [Fact]
    public async Task Another_end_token_is_refused_only_where_it_is_added()
    {
        static GgufBuilder With(uint eos, bool adds) =>
            GgufBuilder.Model(Base).UInt32("tokenizer.ggml.eos_token_id", eos).Flag("tokenizer.ggml.add_eos_token", adds);
        AssertRefused(await JudgeAsync(With(1, true), With(2, true)), "eos");
        AssertRefused(await JudgeAsync(With(1, false), With(1, true)), "add_eos");
        AssertTolerated(await JudgeAsync(With(1, false), With(2, false)), "eos");
    }

    [Fact]
    public async Task Sizes_may_be_128_apart_and_no_more()
    {
        AssertTolerated(await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Tokens(1128))), "size");
        AssertTolerated(await JudgeAsync(GgufBuilder.Model(Tokens(1128)), GgufBuilder.Model(Base)), "size");
        AssertRefused(await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Tokens(1129))), "size");
    }

    [Fact]
    public async Task Texts_may_differ_below_id_5_and_nowhere_else()
    {
        var tolerated = await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Changed(4)));
        AssertTolerated(tolerated, "text");
        Assert.Equal(new TokenDifference(4, "t4", "changed"), tolerated.FirstDifference);
        var refused = await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Changed(2, 5, 77)));
        AssertRefused(refused, "text");
        Assert.Equal(new TokenDifference(5, "t5", "changed"), refused.FirstDifference);
    }

    [Fact]
    public async Task Every_failing_check_is_told()
    {
        var draft = GgufBuilder.Model([.. Tokens(1200).Select(text => text + "x")], "llama");
        AssertRefused(await JudgeAsync(GgufBuilder.Model(Base), draft), "kind", "add_bos", "size", "text");
    }

    [Fact]
    public async Task A_pre_tokenizer_may_differ() => AssertTolerated(
        await JudgeAsync(GgufBuilder.Model(Base).Text("tokenizer.ggml.pre", "qwen2"), GgufBuilder.Model(Base).Text("tokenizer.ggml.pre", "gpt-2")),
        "pre_tokenizer");

    [Fact]
    public async Task An_embedding_model_cannot_draft() =>
        AssertRefused(await JudgeAsync(GgufBuilder.Model(Base), GgufBuilder.Model(Base).UInt32("llama.pooling_type", 1)), "kind");

    [Fact]
    public async Task Qwens_padded_vocabularies_fit() => AssertTolerated(
        await JudgeAsync(GgufBuilder.Model(Tokens(152_064)), GgufBuilder.Model(Tokens(151_936))), "size");

    private static string[] Changed(params int[] ids) => [.. Base.Select((text, id) => ids.Contains(id) ? "changed" : text)];

    private static void AssertRefused(PairVerdict verdict, params string[] checks)
    {
        Assert.Equal(PairFit.Refused, verdict.Fit);
        Assert.Equal(checks, verdict.Failed.Select(check => check.Check));
    }

    private static void AssertTolerated(PairVerdict verdict, params string[] checks)
    {
        Assert.Equal(PairFit.Tolerated, verdict.Fit);
        Assert.Equal(checks, verdict.Failed.Select(check => check.Check));
    }

    private static async Task<PairVerdict> JudgeAsync(GgufBuilder main, GgufBuilder draft)
    {
        var (mainModel, mainVocabulary) = await DescribeAsync(main);
        var (draftModel, draftVocabulary) = await DescribeAsync(draft);
        return Plugin.Judge(mainModel, draftModel, new Vocabularies(mainVocabulary!, draftVocabulary!));
    }

    private sealed class Vocabularies(params Vocabulary[] known) : IVocabularySource
    {
        public Vocabulary? Find(string fingerprint) => Array.Find(known, one => one.Fingerprint == fingerprint);
    }
}
