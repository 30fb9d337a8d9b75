using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.LlamaCpp;

/// <summary>A reader that does not read.</summary>
public sealed class StalledReaderTests
{
    private const string Fox = "Tell me a story about a fox.";

    [Fact]
    public async Task It_pauses_its_own_row_and_no_other_and_gets_every_token_when_it_reads_again()
    {
        await using var engine = LlamaFixture.Load(parallel: 2, contextLength: 2048);
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var expected = await LoopDriver.AskAsync(engine, Long());
        var stalled = LoopDriver.Start(engine, Long());
        await UntilPausedAsync(engine, stalled.Request.RequestId);
        var emitted = Slot(engine, stalled).Emitted;
        Assert.InRange(emitted, (uint)Generation.OutputCapacity, 2u * Generation.OutputCapacity);

        foreach (var draftLength in (uint[])[0, 4])
            Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat("Write quicksort in Python. Code only.", draftLength))).Text, StringComparison.Ordinal);
        Assert.Equal((Tandem.Protocol.Slot.Types.Phase.Paused, emitted), (Slot(engine, stalled).Phase, Slot(engine, stalled).Emitted));

        // Who reads wakes the loop, as the service does.
        var answer = await LoopDriver.ReadAsync(stalled, _ =>
        {
            engine.Loop.Wake();
            return Task.CompletedTask;
        });
        Assert.Equal(700, answer.Tokens.Count);
        var excused = 0;
        Assert.Equal(-1, nearTie.FirstUnexcused(engine.Tokenizer.Tokenize(stalled.Request.Prompt), expected.Ids, answer.Ids, ref excused));
    }

    [Fact]
    public async Task It_is_cancelled_after_a_minute_and_its_slot_is_free()
    {
        var time = new ShiftedTime();
        await using var engine = LlamaFixture.Load(new LoadSettings { Parallel = 1, ContextLength = 2048 }, time: time);
        var stalled = LoopDriver.Start(engine, Long());
        await UntilPausedAsync(engine, stalled.Request.RequestId);
        time.Shift = TimeSpan.FromSeconds(50);
        engine.Loop.Wake();
        var second = LoopDriver.Start(engine, LoopDriver.Chat("Write quicksort in Python. Code only."));
        Assert.Equal(Tandem.Protocol.Slot.Types.Phase.Paused, Slot(engine, stalled).Phase);
        time.Shift = TimeSpan.FromSeconds(61);
        engine.Loop.Wake();
        // There is one slot: the second is served because the first has left it.
        Assert.Contains("def quicksort", (await LoopDriver.ReadAsync(second, _ => Task.CompletedTask)).Text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Cancelled, (await LoopDriver.ReadAsync(stalled, _ => Task.CompletedTask)).Finished.Reason);
    }

    private static Task UntilPausedAsync(LoadedEngine engine, string id) => Until.TrueAsync(
        () => engine.Loop.Snapshot().Slots.Any(slot => slot.RequestId == id && slot.Phase == Tandem.Protocol.Slot.Types.Phase.Paused));

    private static Tandem.Protocol.Slot Slot(LoadedEngine engine, Generation generation) =>
        engine.Loop.Snapshot().Slots.Single(slot => slot.RequestId == generation.Request.RequestId);

    private static GenerateRequest Long()
    {
        var request = LoopDriver.Chat(Fox);
        request.RequestId = "long";
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 700;
        return request;
    }

    /// <summary>Real time, and what a test adds.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override long GetTimestamp() => System.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
    }
}
