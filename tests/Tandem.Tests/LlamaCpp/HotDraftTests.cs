using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Tests.LlamaCpp;

/// <summary>Drafts that come and go while answers are written.</summary>
public sealed class HotDraftTests
{
    [Fact]
    public async Task Many_swaps_within_an_answer_change_neither_its_text_nor_the_mains_cache()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var request = Endless();
        var plain = request.Clone();
        plain.Speculation = new Tandem.Protocol.Speculation { Proposer = Proposer.None };
        var expected = await LoopDriver.AskAsync(engine, plain);
        var processed = engine.Loop.Counters.PromptProcessed;
        var (swaps, next) = (0, 20);
        var answer = await LoopDriver.ReadAsync(LoopDriver.Start(engine, request), async step =>
        {
            next -= step.Tokens.Count;
            if (next > 0)
                return;
            next = 20;
            // Replaced, removed, brought back.
            if (++swaps % 3 == 2)
                await engine.Loop.DetachAsync();
            else
                await LlamaFixture.AttachAsync(engine);
        });
        Assert.InRange(swaps, 12, 30);
        var excused = 0;
        Assert.Equal(-1, nearTie.FirstUnexcused(engine.Tokenizer.Tokenize(request.Prompt), expected.Ids, answer.Ids, ref excused));
        // Nothing of the main's cache was lost by a swap.
        Assert.Equal(processed, engine.Loop.Counters.PromptProcessed);
        var counters = answer.Finished.Speculation;
        Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);
        Assert.True(counters.Accepted > 100, $"{counters.Accepted} accepted");
        Assert.Equal((ulong)swaps + 1, engine.Loop.Draft?.Revision ?? (ulong)swaps + 1);
    }

    [Fact]
    public async Task A_draft_attached_in_the_middle_of_an_answer_that_asked_for_one_is_used()
    {
        await using var engine = LlamaFixture.Load();
        var steps = 0;
        var answer = await LoopDriver.ReadAsync(LoopDriver.Start(engine, Endless()), async _ =>
        {
            if (++steps == 10)
                await LlamaFixture.AttachAsync(engine);
        });
        Assert.Contains(answer.Tokens, token => token.Origin == Origin.Draft);
        Assert.Equal("tandem/storyteller-draft", answer.Finished.Speculation.DraftKey);
    }

    [Fact]
    public async Task A_draft_that_cannot_be_used_leaves_the_main_serving_with_the_draft_it_had()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        using var folder = new TemporaryFolder();
        var broken = Path.Combine(folder.Path, "broken.gguf");
        await File.WriteAllBytesAsync(broken, (await File.ReadAllBytesAsync(LlamaFixture.Storyteller, TestContext.Current.CancellationToken))[..200_000], TestContext.Current.CancellationToken);
        var steps = 0;
        var answer = await LoopDriver.ReadAsync(LoopDriver.Start(engine, Endless()), _ =>
        {
            if (++steps == 5)
                Assert.Equal("model_load_failed", Refused(engine, broken)?.Code);
            if (steps == 6)
                Assert.Equal("model_load_failed", Refused(engine, Path.Combine(folder.Path, "absent.gguf"))?.Code);
            return Task.CompletedTask;
        });
        Assert.Equal(500, answer.Tokens.Count);
        Assert.Empty(answer.Finished.SpeculationNote);
        Assert.Equal(1ul, engine.Loop.Draft?.Revision);
    }

    private static ErrorDetail? Refused(Tandem.Engine.LlamaCpp.Inference.LoadedEngine engine, string path)
    {
        var draft = new DraftModel { Model = new ModelReference { Path = path, Key = "test/broken" } };
        var refused = Assert.Throws<Grpc.Core.RpcException>(() => engine.LoadDraft(draft, _ => { }, CancellationToken.None));
        return Refusal.DetailOf(refused);
    }

    private static GenerateRequest Endless()
    {
        var request = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 4);
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 500;
        return request;
    }
}
