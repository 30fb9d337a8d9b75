using Tandem.Protocol;

namespace Tandem.Tests.LlamaCpp;

/// <summary>What the caches hold never changes an answer, and never costs one.</summary>
public sealed class CacheTests
{
    [Fact]
    public async Task Every_step_is_drafted_whatever_the_caches_hold_and_the_text_of_a_seed_stays_the_same()
    {
        await using var engine = LlamaFixture.Load(parallel: 4);
        await LlamaFixture.AttachAsync(engine);
        var requests = Enumerable.Range(1, 6).Select(seed => Long((ulong)seed)).ToList();
        var cold = new List<Told>();
        foreach (var request in requests)
        {
            var alone = request.Clone();
            alone.CachePrompt = false;
            cold.Add(await LoopDriver.AskAsync(engine, alone));
            Assert.InRange(cold[^1].Finished.PromptTokens, 600u, 1400u);
        }
        Assert.All(cold, AssertEveryStepDrafted);

        // The first leaves its prompt to the others; a draft that is attached then has seen nothing of what the main's cache holds.
        await LoopDriver.AskAsync(engine, requests[0]);
        await LlamaFixture.AttachAsync(engine);
        var warm = new List<Told>();
        foreach (var request in requests)
            warm.Add(await LoopDriver.AskAsync(engine, request));
        Assert.All(warm, answer => Assert.Equal(answer.Finished.PromptTokens, answer.Finished.CachedTokens));
        Assert.All(warm, AssertEveryStepDrafted);

        var together = await Task.WhenAll(requests.Select(request => LoopDriver.AskAsync(engine, request)));
        Assert.All(together, AssertEveryStepDrafted);

        // A draw may fall on the other side of a near-tie, because other batch widths round differently; other steps would change every text.
        Assert.InRange(requests.Count - CountSame(cold, warm), 0, 2);
        Assert.InRange(requests.Count - CountSame(cold, together), 0, 2);
        var otherSteps = requests.Select(request => request.Clone()).ToList();
        otherSteps.ForEach(request => request.Speculation.Length = 2);
        var different = await Task.WhenAll(otherSteps.Select(request => LoopDriver.AskAsync(engine, request)));
        Assert.InRange(CountSame(cold, different), 0, 2);
    }

    [Fact]
    public async Task The_same_prompt_gets_its_first_token_without_a_pass_wherever_it_is_kept()
    {
        await using var engine = LlamaFixture.Load(parallel: 2);
        var request = LoopDriver.Chat("Tell me a story about a fox.", temperature: 1, seed: 7);
        request.TopLogprobs = 5;
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 60;
        var first = await LoopDriver.AskAsync(engine, request);
        var processed = engine.Loop.Counters.PromptProcessed;

        // In its own slot; then, while that one is busy with it, shared with the other; then behind an answer that went on from it.
        var again = await LoopDriver.AskAsync(engine, request);
        var longer = request.Clone();
        longer.MaxTokens = 400;
        var shared = new TaskCompletionSource<Told>();
        var steps = 0;
        await LoopDriver.ReadAsync(LoopDriver.Start(engine, longer), async _ =>
        {
            if (++steps == 3)
                shared.SetResult(await LoopDriver.AskAsync(engine, request));
        });
        Assert.Equal(processed, engine.Loop.Counters.PromptProcessed);
        var other = await LoopDriver.AskAsync(engine, LoopDriver.Chat("Tell me a story about a cat."));
        Assert.InRange(other.Finished.CachedTokens, 5u, other.Finished.PromptTokens - 1);
        var last = await LoopDriver.AskAsync(engine, request);

        foreach (var answer in (Told[])[again, await shared.Task, last])
        {
            Assert.Equal(answer.Finished.PromptTokens, answer.Finished.CachedTokens);
            Assert.Equal(first.Tokens[0], answer.Tokens[0]);
            Assert.Equal(60, answer.Tokens.Count);
        }
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(first.Text, last.Text);
    }

    [Fact]
    public async Task A_prompt_that_another_one_replaced_is_worked_out_again()
    {
        await using var engine = LlamaFixture.Load();
        GenerateRequest[] requests = [LoopDriver.Chat("Count to 9."), LoopDriver.Chat("Count to 12.")];
        var alone = new List<Told>();
        foreach (var request in requests)
        {
            var uncached = request.Clone();
            uncached.CachePrompt = false;
            alone.Add(await LoopDriver.AskAsync(engine, uncached));
        }
        Assert.NotEqual(alone[0].Text, alone[1].Text);
        for (var turn = 0; turn < 6; turn++)
        {
            var answer = await LoopDriver.AskAsync(engine, requests[turn % 2]);
            Assert.Equal(alone[turn % 2].Text, answer.Text);
            Assert.InRange(answer.Finished.CachedTokens, 0u, answer.Finished.PromptTokens - 1);
        }
    }

    private static int CountSame(IReadOnlyList<Told> some, IReadOnlyList<Told> others) =>
        some.Zip(others).Count(pair => pair.First.Text == pair.Second.Text);

    [Fact]
    public async Task A_full_cache_lets_the_youngest_wait_and_no_answer_is_harmed()
    {
        await using var engine = LlamaFixture.Load(parallel: 3, contextLength: 512);
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var requests = ((string[])["fox", "cat", "robot"]).Select(hero => Endless($"Tell me a story about a {hero}.", 220)).ToList();
        var alone = new List<Told>();
        foreach (var request in requests)
            alone.Add(await LoopDriver.AskAsync(engine, request));
        var before = engine.Loop.Counters.PromptProcessed;
        var together = await Task.WhenAll(requests.Select(request => LoopDriver.AskAsync(engine, request)));
        var excused = 0;
        for (var index = 0; index < requests.Count; index++)
        {
            Assert.Equal(FinishReason.MaxTokens, together[index].Finished.Reason);
            Assert.Equal(-1, nearTie.FirstUnexcused(engine.Tokenizer.Tokenize(requests[index].Prompt), alone[index].Ids, together[index].Ids, ref excused));
            AssertEveryStepDrafted(together[index]);
        }
        // 3 × 220 tokens and the prompts do not fit: some were worked out again.
        var asked = (ulong)together.Sum(answer => answer.Finished.PromptTokens - answer.Finished.CachedTokens);
        Assert.True(engine.Loop.Counters.PromptProcessed - before > asked + 50);
    }

    [Fact]
    public async Task What_free_slots_keep_gives_way_to_a_request_that_needs_the_room()
    {
        await using var engine = LlamaFixture.Load(parallel: 3, contextLength: 512);
        await LlamaFixture.AttachAsync(engine);
        foreach (var animal in (string[])["fox", "cat"])
            await LoopDriver.AskAsync(engine, Endless($"Tell me a story about a {animal}.", 200));
        var last = await LoopDriver.AskAsync(engine, Endless("Tell me a story about a robot.", 450));
        Assert.Equal(FinishReason.MaxTokens, last.Finished.Reason);
        AssertEveryStepDrafted(last);
    }

    [Fact]
    public async Task Two_chats_that_alternate_keep_their_slots_and_process_only_what_is_new()
    {
        await using var engine = LlamaFixture.Load(parallel: 2);
        await LlamaFixture.AttachAsync(engine);
        List<GenerateRequest> chats = [LoopDriver.Chat("Tell me a story about a fox."), LoopDriver.Chat("Tell me a story about a cat.")];
        for (var turn = 1; turn <= 5; turn++)
        {
            foreach (var chat in chats)
            {
                chat.MaxTokens = 40;
                var answer = await LoopDriver.AskAsync(engine, chat);
                var before = (int)answer.Finished.PromptTokens - engine.Tokenizer.Tokenize(Next(turn)).Count;
                if (turn > 1)
                    Assert.InRange(before - (int)answer.Finished.CachedTokens, 0, 8);
                chat.Prompt.Segments.Add(new Segment { Text = new TextSegment { Text = answer.Text } });
                chat.Prompt.Segments.Add(Next(turn + 1).Segments);
            }
        }

        static Prompt Next(int turn) => new()
        {
            Segments =
            {
                new Segment { Text = new TextSegment { Text = "<|im_end|>\n<|im_start|>user\n", ParseSpecial = true } },
                new Segment { Text = new TextSegment { Text = $"Count to {turn + 3}." } },
                new Segment { Text = new TextSegment { Text = "<|im_end|>\n<|im_start|>assistant\n", ParseSpecial = true } },
            },
        };
    }

    [Fact]
    public async Task A_beginning_that_a_busy_slot_holds_is_not_processed_again()
    {
        await using var engine = LlamaFixture.Load(parallel: 2);
        var first = LoopDriver.Start(engine, Endless("Tell me a story about a fox and a cat.", 400));
        var second = new TaskCompletionSource<Told>();
        var steps = 0;
        await LoopDriver.ReadAsync(first, async _ =>
        {
            if (++steps == 3)
                second.SetResult(await LoopDriver.AskAsync(engine, LoopDriver.Chat("Tell me a story about a fox and a dog.")));
        });
        Assert.InRange((await second.Task).Finished.CachedTokens, 10u, 40u);
    }

    [Theory]
    [InlineData(100_000_000ul)]
    [InlineData(0ul)]
    public async Task A_chat_that_lost_its_slot_comes_back_from_the_pool_as_far_as_there_is_one(ulong bytes)
    {
        await using var engine = LlamaFixture.Load(new LoadSettings { PromptCacheBytes = bytes });
        await LlamaFixture.AttachAsync(engine);
        var request = Long(seed: 1);
        var first = await LoopDriver.AskAsync(engine, request);
        await LoopDriver.AskAsync(engine, LoopDriver.Chat("Write quicksort in Python. Code only."));
        var again = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(first.Text, again.Text);
        if (bytes > 0)
            Assert.Equal(first.Finished.PromptTokens - 1, again.Finished.CachedTokens);
        else
            Assert.InRange(again.Finished.CachedTokens, 0u, 10u);
        AssertEveryStepDrafted(again);
    }

    [Fact]
    public async Task A_small_batch_shortens_drafts_instead_of_overflowing()
    {
        await using var engine = LlamaFixture.Load(parallel: 2, batchSize: 12);
        await LlamaFixture.AttachAsync(engine);
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => LoopDriver.AskAsync(engine, LoopDriver.Chat("Write quicksort in Python. Code only.", draftLength: 32))));
        Assert.All(answers, answer => Assert.Contains("def quicksort", answer.Text, StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.InRange(answer.Finished.Speculation.DecidedByPosition.Count, 1, 4));
    }

    private static GenerateRequest Endless(string question, uint tokens)
    {
        var request = LoopDriver.Chat(question, draftLength: 4);
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = tokens;
        return request;
    }

    /// <summary>A prompt of several chunks.</summary>
    private static GenerateRequest Long(ulong seed)
    {
        var request = LoopDriver.Chat(string.Join(" ", Enumerable.Repeat("The fox went home.", 120)), draftLength: 3, temperature: 0.8f, seed: seed);
        request.Prompt.Segments.Add(new Segment { Text = new TextSegment { Text = "I did not understand.<|im_end|>\n", ParseSpecial = true } });
        request.Prompt.Segments.Add(LoopDriver.ChatPrompt("Tell me a story about a fox.").Segments);
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 60;
        return request;
    }

    /// <summary>All main passes of an answer carry a draft, but for the one that ends the prompt and what the end of the answer cuts short.</summary>
    private static void AssertEveryStepDrafted(Told answer)
    {
        var counters = answer.Finished.Speculation;
        Assert.InRange(counters.MainPasses - counters.DraftPasses, 1ul, 2ul);
        Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);
    }
}
