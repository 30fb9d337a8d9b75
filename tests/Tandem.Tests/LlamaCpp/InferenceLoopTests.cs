using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.LlamaCpp;

/// <summary>The loop with the real library and the embedded models.</summary>
public sealed class InferenceLoopTests
{
    private const string Quicksort = "Write quicksort in Python. Code only.";

    [Fact]
    public async Task It_writes_the_quicksort_that_the_model_has_learned()
    {
        await using var engine = LlamaFixture.Load();
        var answer = await LoopDriver.AskAsync(engine, LoopDriver.Chat(Quicksort));
        Assert.Contains("def quicksort", answer.Text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.Eos, answer.Finished.Reason);
        Assert.Equal(answer.Tokens.Count, (int)answer.Finished.EmittedTokens);
        Assert.Null(answer.Finished.Speculation);
    }

    [Fact]
    public async Task Greedy_answers_are_the_same_with_and_without_a_draft_but_for_near_ties()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var (tokens, excused) = (0, 0);
        ulong drafted = 0, accepted = 0;
        foreach (var prompt in Prompts.All)
        {
            var plain = await LoopDriver.AskAsync(engine, LoopDriver.Chat(prompt));
            var speculated = await LoopDriver.AskAsync(engine, LoopDriver.Chat(prompt, draftLength: 4));
            var prefix = engine.Tokenizer.Tokenize(LoopDriver.ChatPrompt(prompt));
            Assert.Equal(-1, nearTie.FirstUnexcused(prefix, plain.Ids, speculated.Ids, ref excused));
            AssertCountersAddUp(speculated);
            tokens += plain.Tokens.Count;
            drafted += speculated.Finished.Speculation.Drafted;
            accepted += speculated.Finished.Speculation.Accepted;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{Prompts.All.Count} prompts, {tokens} tokens, {excused} near-ties, accepted {accepted}/{drafted}");
        Assert.True(excused <= (tokens / 1000) + 1, $"{excused} near-ties in {tokens} tokens");
        Assert.True(accepted > drafted / 2);
    }

    [Fact]
    public async Task The_same_seed_and_length_give_the_same_text()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 3, temperature: 0.8f, seed: 42);
        var first = await LoopDriver.AskAsync(engine, request);
        var second = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(first.Text, second.Text);
        Assert.Equal(42ul, second.Finished.Seed);
        var other = request.Clone();
        other.Seed = 43;
        Assert.NotEqual(first.Text, (await LoopDriver.AskAsync(engine, other)).Text);
    }

    [Fact]
    public async Task Several_requests_share_the_passes_and_each_gets_its_own_text()
    {
        await using var engine = LlamaFixture.Load(parallel: 4);
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var questions = Prompts.All.Take(8).ToList();
        var alone = new List<Told>();
        foreach (var question in questions)
            alone.Add(await LoopDriver.AskAsync(engine, LoopDriver.Chat(question)));
        var together = await Task.WhenAll(questions.Select((question, index) => LoopDriver.AskAsync(engine, LoopDriver.Chat(question, index % 2 == 0 ? 4u : 0))));
        var excused = 0;
        for (var index = 0; index < questions.Count; index++)
        {
            var prefix = engine.Tokenizer.Tokenize(LoopDriver.ChatPrompt(questions[index]));
            Assert.Equal(-1, nearTie.FirstUnexcused(prefix, alone[index].Ids, together[index].Ids, ref excused));
        }
    }

    [Fact]
    public async Task A_stop_string_inside_a_draft_ends_the_text_before_it_and_the_counters_add_up()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat("List the numbers from 5 to 40.", draftLength: 7);
        request.Stop.Add("17, 18");
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.EndsWith("15, 16, ", answer.Text, StringComparison.Ordinal);
        Assert.Equal(FinishReason.StopString, answer.Finished.Reason);
        Assert.Equal("17, 18", answer.Finished.StopString);
        AssertCountersAddUp(answer);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    public async Task An_answer_has_no_more_tokens_than_asked_for(int maxTokens)
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat(Quicksort, draftLength: 4);
        request.MaxTokens = (uint)maxTokens;
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(maxTokens, answer.Tokens.Count);
        Assert.Equal(FinishReason.MaxTokens, answer.Finished.Reason);
        AssertCountersAddUp(answer);
    }

    [Fact]
    public async Task An_answer_that_fills_the_context_ends_and_the_next_request_is_served()
    {
        await using var engine = LlamaFixture.Load(contextLength: 256);
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 4);
        request.Sampling.IgnoreEos = true;
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(FinishReason.ContextFull, answer.Finished.Reason);
        Assert.InRange((int)answer.Finished.PromptTokens + answer.Tokens.Count, 256, 258);
        AssertCountersAddUp(answer);
        Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat(Quicksort))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_an_endless_answer_with_its_counters_and_frees_the_slot()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        using var cancel = new CancellationTokenSource();
        var request = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 4);
        request.Sampling.IgnoreEos = true;
        var steps = 0;
        var answer = await LoopDriver.ReadAsync(
            LoopDriver.Start(engine, request, cancel.Token), _ => ++steps == 5 ? cancel.CancelAsync() : Task.CompletedTask);
        Assert.Equal(FinishReason.Cancelled, answer.Finished.Reason);
        AssertCountersAddUp(answer);
        Assert.Contains("def quicksort", (await LoopDriver.AskAsync(engine, LoopDriver.Chat(Quicksort))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_removed_and_brought_back_during_an_answer_never_changes_its_text()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat("Tell me a story about a fox.", draftLength: 4);
        request.Sampling.IgnoreEos = true;
        request.MaxTokens = 400;
        var plain = request.Clone();
        plain.Speculation = new Tandem.Protocol.Speculation { Proposer = Proposer.None };
        var expected = await LoopDriver.AskAsync(engine, plain);
        var steps = 0;
        var answer = await LoopDriver.ReadAsync(LoopDriver.Start(engine, request), async _ =>
        {
            if (++steps == 5)
                await LlamaFixture.AttachAsync(engine);
            if (steps == 20)
                await engine.Loop.DetachAsync();
        });
        using var nearTie = new NearTie(engine);
        var excused = 0;
        Assert.Equal(-1, nearTie.FirstUnexcused(engine.Tokenizer.Tokenize(request.Prompt), expected.Ids, answer.Ids, ref excused));
        Assert.Contains(answer.Tokens, token => token.Origin == Origin.Draft);
        AssertCountersAddUp(answer);
    }

    [Fact]
    public async Task The_next_turn_of_a_chat_processes_only_what_is_new()
    {
        await using var engine = LlamaFixture.Load();
        var request = LoopDriver.Chat(Quicksort);
        var first = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(0u, first.Finished.CachedTokens);
        var again = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(again.Finished.PromptTokens, again.Finished.CachedTokens);
        var uncached = request.Clone();
        uncached.CachePrompt = false;
        Assert.Equal(0u, (await LoopDriver.AskAsync(engine, uncached)).Finished.CachedTokens);
    }

    [Fact]
    public async Task A_request_resolved_with_another_draft_runs_plain_and_says_so()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat(Quicksort, draftLength: 4);
        request.Speculation.DraftRevision = 99;
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.Equal(0ul, answer.Finished.Speculation.Drafted);
        Assert.NotEmpty(answer.Finished.SpeculationNote);
    }

    [Fact]
    public async Task Log_probabilities_are_the_models_own_for_drafted_tokens_too()
    {
        await using var engine = LlamaFixture.Load();
        await LlamaFixture.AttachAsync(engine);
        var request = LoopDriver.Chat(Quicksort, draftLength: 4);
        request.TopLogprobs = 5;
        request.Sampling.LogitBias.Add(new LogitBias { Token = engine.Model.Vocabulary.Eos, Bias = 1 });
        var answer = await LoopDriver.AskAsync(engine, request);
        Assert.Contains(answer.Tokens, token => token.Origin == Origin.Draft);
        foreach (var token in answer.Tokens)
        {
            Assert.Equal(5, token.TopLogprobs.Count);
            // Greedy: the token is the first of the list.
            Assert.Equal((token.Id, token.Logprob), (token.TopLogprobs[0].Id, token.TopLogprobs[0].Logprob));
            Assert.Equal(token.TopLogprobs.OrderByDescending(other => other.Logprob), token.TopLogprobs);
            Assert.InRange(token.TopLogprobs.Sum(other => Math.Exp(other.Logprob)), 0.2, 1.0001);
        }
        request.TopLogprobs = 0;
        Assert.All((await LoopDriver.AskAsync(engine, request)).Tokens, token => Assert.True(token.HasLogprob && token.TopLogprobs.Count == 0));
        request.ClearTopLogprobs();
        Assert.All((await LoopDriver.AskAsync(engine, request)).Tokens, token => Assert.False(token.HasLogprob));
    }

    private static void AssertCountersAddUp(Told answer)
    {
        var counters = answer.Finished.Speculation;
        Assert.Equal(counters.Drafted, counters.Accepted + counters.Rejected + counters.Ignored);
        Assert.Equal(counters.Accepted, (ulong)answer.Tokens.Count(token => token.Origin == Origin.Draft));
    }
}
