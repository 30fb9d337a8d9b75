using Tandem.Tests.Support;

namespace Tandem.Tests.LlamaCpp;

/// <summary>How often greedy answers differ and whether rounding explains all of it: the measured reason of <see cref="NearTie"/>.</summary>
[Trait("Tier", "Long")]
public sealed class NearTieStudyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Every_difference_lies_within_the_rounding_of_kernels(int parallel)
    {
        await using var engine = LlamaFixture.Load(parallel);
        await LlamaFixture.AttachAsync(engine);
        using var nearTie = new NearTie(engine);
        var random = new Random(parallel);
        var (answers, tokens, unexcused, excused) = (0, 0, 0, 0);
        var plain = new List<Told>();
        foreach (var prompt in Prompts.All)
            plain.Add(await LoopDriver.AskAsync(engine, LoopDriver.Chat(prompt)));
        for (var round = 0; round < Trials.Count(20); round++)
        {
            // In another order every time, so that others are in the same passes and other texts in the cache.
            foreach (var some in Enumerable.Range(0, plain.Count).OrderBy(_ => random.Next()).Chunk(parallel == 1 ? 1 : 8).ToList())
            {
                var told = await Task.WhenAll(some.Select(index => LoopDriver.AskAsync(engine, LoopDriver.Chat(Prompts.All[index], (uint)random.Next(0, 17)))));
                foreach (var (index, answer) in some.Zip(told))
                {
                    var prefix = engine.Tokenizer.Tokenize(LoopDriver.ChatPrompt(Prompts.All[index]));
                    unexcused += nearTie.FirstUnexcused(prefix, plain[index].Ids, answer.Ids, ref excused) >= 0 ? 1 : 0;
                    (answers, tokens) = (answers + 1, tokens + answer.Ids.Count);
                }
            }
        }

        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"{parallel} at once: {answers} answers, {tokens} tokens, {excused} excused, {unexcused} not");
        foreach (var group in nearTie.Differences.GroupBy(one => one).OrderByDescending(group => group.Key.Gap).Take(25))
            output.WriteLine($"  {group.Count(),4} times: gap {group.Key.Gap:F5}, deviation alone {group.Key.Alone:F5}, accompanied {group.Key.Accompanied:F5}");
        Assert.Equal(0, unexcused);
    }
}
