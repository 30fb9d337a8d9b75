using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.LlamaCpp.Service;
using Tandem.Protocol;

namespace Tandem.Tests.LlamaCpp;

/// <summary>Texts that do not fit into the context.</summary>
public sealed class OverflowTests
{
    [Fact]
    public async Task A_prompt_that_does_not_fit_is_refused_by_default()
    {
        await using var engine = LlamaFixture.Load(contextLength: 256);
        var request = TooLong(Overflow.Stop);
        var tokens = engine.Tokenizer.Tokenize(request.Prompt);
        Assert.Equal(0, PromptFit.Cut(tokens, request, 256));
        var refused = Assert.Throws<Grpc.Core.RpcException>(() => RequestCheck.Check(request, engine, tokens.Count));
        Assert.Equal("context_length_exceeded", Tandem.Engine.Worker.Refusal.DetailOf(refused)?.Code);
    }

    [Theory]
    [InlineData(Overflow.TruncateMiddle)]
    [InlineData(Overflow.RollingWindow)]
    public async Task A_prompt_that_does_not_fit_keeps_its_beginning_and_its_end(Overflow overflow)
    {
        await using var engine = LlamaFixture.Load(contextLength: 256);
        var request = TooLong(overflow);
        request.MaxTokens = 50;
        var all = engine.Tokenizer.Tokenize(request.Prompt);
        var kept = new List<int>(all);
        var dropped = PromptFit.Cut(kept, request, 256);
        Assert.Equal(all.Count - 206, dropped);
        Assert.Equal(all.Take(64), kept.Take(64));
        Assert.Equal(all.TakeLast(100), kept.TakeLast(100));
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(dropped, (int)answer.Finished.DroppedTokens);
        Assert.Equal(50, answer.Tokens.Count);
    }

    [Fact]
    public async Task A_rolling_window_writes_on_past_the_context_with_drafts_and_leaves_other_answers_alone()
    {
        await using var engine = LlamaFixture.Load(parallel: 2, contextLength: 512);
        await LlamaFixture.AttachAsync(engine);
        var other = LoopDriver.Chat("Write quicksort in Python. Code only.", draftLength: 4);
        var rolling = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 4);
        rolling.Sampling.IgnoreEos = true;
        rolling.Overflow = Overflow.RollingWindow;
        rolling.MaxTokens = 1200;
        var answers = await Task.WhenAll(LoopDriver.AskAsync(engine, rolling), LoopDriver.AskAsync(engine, other));
        Assert.Equal(FinishReason.MaxTokens, answers[0].Finished.Reason);
        Assert.Equal(1200, answers[0].Tokens.Count);
        Assert.InRange(answers[0].Finished.DroppedTokens, 1200u - 512, 1200u);
        Assert.Contains("def quicksort", answers[1].Text, StringComparison.Ordinal);
        var counters = answers[0].Finished.Speculation;
        Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);
        // Every step drafts, before and after the window moves, but for the one that ends the prompt, the last one, and the last before each
        // move, which may have no room: a move takes half of what lies behind the first part.
        var first = PromptFit.FirstPart((int)answers[0].Finished.PromptTokens, 512);
        var moves = answers[0].Finished.DroppedTokens / (uint)((512 - first) / 2);
        Assert.InRange(counters.MainPasses - counters.DraftPasses, 1ul, 2ul + moves);
        // The same again: what the caches hold of the first time makes no difference to what leaves.
        var again = await LoopDriver.AskAsync(engine, rolling);
        Assert.Equal(answers[0].Finished.DroppedTokens, again.Finished.DroppedTokens);
    }

    private static GenerateRequest TooLong(Overflow overflow)
    {
        var request = LoopDriver.Chat(string.Join(" ", Enumerable.Repeat("The fox went home.", 150)));
        request.Overflow = overflow;
        request.Sampling.IgnoreEos = true;
        return request;
    }
}
