using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;

namespace Tandem.Tests.LlamaCpp;

/// <summary>Models whose memory is not one cell per token.</summary>
public sealed class OtherMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_recurrent_model_writes_plain_says_why_and_works_a_prompt_out_again_that_it_cannot_take_back()
    {
        await using var engine = Load(TinyModel.Mamba(1));
        Assert.False(engine.Model.CacheCanTrim);
        Assert.False(engine.Describe(0).CacheCanTrim);
        await engine.Loop.AttachAsync(engine.LoadDraft(new DraftModel { Model = new ModelReference { Path = Write("draft", TinyModel.Mamba(2)), Key = "tiny/draft" } }, _ => { }, default));

        var plain = await LoopDriver.AskAsync(engine, Ask("The fox", draftLength: 0));
        var drafted = await LoopDriver.AskAsync(engine, Ask("The fox", draftLength: 4));
        Assert.Equal(60, plain.Tokens.Count);
        Assert.Equal(plain.Ids, drafted.Ids);
        Assert.Equal("This model's cache cannot take back refused tokens.", drafted.Finished.SpeculationNote);
        Assert.Equal(0ul, drafted.Finished.Speculation.Drafted);
        Assert.Equal(0u, drafted.Finished.CachedTokens);

        // Other texts in the other slots, and one that goes on where the first ended: each as if it were alone.
        var together = await Task.WhenAll(((string[])["The fox", "The cat", "The fox"]).Select(text => LoopDriver.AskAsync(engine, Ask(text, draftLength: 0))));
        Assert.All(new[] { together[0], together[2] }, answer => Assert.Equal(plain.Ids, answer.Ids));
        Assert.NotEqual(plain.Ids, together[1].Ids);
    }

    [Fact]
    public async Task A_model_with_a_sliding_window_takes_drafts_back_and_keeps_prompts_as_any_other()
    {
        await using var engine = Load(TinyModel.SlidingWindow(1));
        Assert.True(engine.Model.CacheCanTrim);
        // Other random weights: nearly all of what it proposes is refused.
        await engine.Loop.AttachAsync(engine.LoadDraft(new DraftModel { Model = new ModelReference { Path = Write("draft", TinyModel.SlidingWindow(2)), Key = "tiny/draft" } }, _ => { }, default));
        using var nearTie = new NearTie(engine);
        var excused = 0;
        foreach (var text in (string[])["The fox went home.", "A long text that is longer than the window of sixteen tokens."])
        {
            var plain = await LoopDriver.AskAsync(engine, Ask(text, draftLength: 0));
            var drafted = await LoopDriver.AskAsync(engine, Ask(text, draftLength: 4));
            Assert.Equal(-1, nearTie.FirstUnexcused(engine.Tokenizer.Tokenize(Ask(text, 0).Prompt), plain.Ids, drafted.Ids, ref excused));
            Assert.Equal(drafted.Finished.PromptTokens, drafted.Finished.CachedTokens);
            var counters = drafted.Finished.Speculation;
            Assert.True(counters.Rejected > 0, $"{counters}");
            Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);
        }
    }

    [Fact]
    public async Task Tokens_for_filling_a_gap_are_reported_and_taken_as_they_are()
    {
        await using var engine = Load(TinyModel.SlidingWindow(1));
        var tokenizer = engine.Describe(0).Tokenizer;
        Assert.Equal((TinyModel.FimPrefix, TinyModel.FimSuffix, TinyModel.FimMiddle), (tokenizer.FimPrefix, tokenizer.FimSuffix, tokenizer.FimMiddle));

        // As the supervisor sends a prompt with a suffix; a mark in a user's text stays text.
        var request = Ask("", draftLength: 0);
        request.Prompt = Tandem.Host.Serving.PromptBuilder.Of(new Tandem.Host.Serving.PlainPrompt("ab", null, "c<|between|>"), tokenizer)!;
        int[] mark = [.. "<|between|>".Select(letter => (int)letter)];
        Assert.Equal([TinyModel.FimPrefix, 'a', 'b', TinyModel.FimSuffix, 'c', .. mark, TinyModel.FimMiddle], engine.Tokenizer.Tokenize(request.Prompt));
        Assert.Equal(60, (await LoopDriver.AskAsync(engine, request)).Tokens.Count);
    }

    public void Dispose() => _folder.Dispose();

    private LoadedEngine Load(byte[] model) => LlamaFixture.Load(new LoadSettings { Parallel = 3, ContextLength = 512 }, Write("main", model));

    private string Write(string name, byte[] model)
    {
        var path = Path.Combine(_folder.Path, name + ".gguf");
        File.WriteAllBytes(path, model);
        return path;
    }

    private static GenerateRequest Ask(string text, uint draftLength)
    {
        var request = LoopDriver.Chat("", draftLength);
        request.Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = text } } } };
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 60;
        return request;
    }
}
