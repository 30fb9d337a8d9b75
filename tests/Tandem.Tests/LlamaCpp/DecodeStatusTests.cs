using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.LlamaCpp;

/// <summary>What comes of a pass that is not computed; <see cref="CacheTests"/> has the full cache.</summary>
public sealed class DecodeStatusTests
{
    private const string Quicksort = "Write quicksort in Python. Code only.";

    [Fact]
    public async Task A_request_cancelled_in_its_prompt_leaves_at_once_and_the_next_is_served()
    {
        await using var engine = LlamaFixture.Load();
        using var cancel = new CancellationTokenSource();
        var request = LoopDriver.Chat(string.Join(" ", Enumerable.Repeat("The fox went home.", 380)));
        var generation = LoopDriver.Start(engine, request, cancel.Token);
        // The first turn has begun: the prompt is being processed, or waits for a pass that is.
        await Until.TrueAsync(() => engine.Loop.Snapshot().Slots[0].Phase == Protocol.Slot.Types.Phase.Prompt);
        await cancel.CancelAsync();
        engine.Loop.Wake();
        var answer = await LoopDriver.ReadAsync(generation, _ => Task.CompletedTask);
        Assert.Equal(FinishReason.Cancelled, answer.Finished.Reason);
        Assert.Empty(answer.Tokens);
        Assert.True(engine.Loop.Counters.PromptProcessed < answer.Finished.PromptTokens);
        Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat(Quicksort))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pass_that_the_library_refuses_fails_its_request_with_the_reason_and_the_next_is_served()
    {
        await using var engine = LlamaFixture.Load();
        var broken = new Generation
        {
            Request = LoopDriver.Chat(Quicksort),
            PromptTokens = [1, 2, engine.Model.Vocabulary.Size + 7],
            ArrivedAt = 0,
            Cancelled = CancellationToken.None,
        };
        engine.Loop.Start(broken);
        var refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => LoopDriver.ReadAsync(broken, _ => Task.CompletedTask));
        Assert.Equal("decode_failed", Refusal.DetailOf(refused)?.Code);
        Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat(Quicksort))).Text, StringComparison.Ordinal);
    }
}
