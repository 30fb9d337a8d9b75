using Tandem.Engine.LlamaCpp.Speculation;

namespace Tandem.Tests.Speculation;

public sealed class NgramIndexTests
{
    [Fact]
    public void A_text_that_never_repeats_itself_has_no_match() =>
        Assert.Equal(0, new NgramIndex().Find([1, 2, 3, 4, 5, 6, 7, 8]).Length);

    [Fact]
    public void The_longest_place_wins_and_says_what_followed_there()
    {
        int[] text = [9, 1, 2, 3, 50, 51, 8, 1, 2, 3, 60, 61, 9, 1, 2, 3];
        var match = new NgramIndex().Find(text);
        Assert.Equal(new NgramMatch(4, 4), match);
        Assert.Equal([50, 51, 8], [.. Enumerable.Range(0, 3).Select(index => match.TokenAt(text, index))]);
    }

    [Fact]
    public void Among_equals_the_latest_place_wins() =>
        Assert.Equal(new NgramMatch(10, 3), new NgramIndex().Find([7, 1, 2, 3, 50, 51, 8, 1, 2, 3, 60, 61, 9, 1, 2, 3]));

    [Fact]
    public void What_lies_behind_the_text_repeats_the_guess()
    {
        int[] text = [4, 1, 2, 1, 2, 1, 2];
        var match = new NgramIndex().Find(text);
        Assert.Equal([1, 2, 1, 2, 1], [.. Enumerable.Range(0, 5).Select(index => match.TokenAt(text, index))]);
    }

    [Fact]
    public void Fewer_tokens_than_the_least_match_are_no_match() => Assert.Equal(0, new NgramIndex().Find([1, 2, 9, 8, 1, 2]).Length);

    [Fact]
    public void A_place_that_is_right_is_followed_although_its_words_occur_often()
    {
        // Every word of the poem occurs a hundred times behind it: a search from the end alone would not reach the poem any more.
        int[] poem = [.. Enumerable.Range(0, 40).Select(index => index % 5)];
        poem[7] = 77;
        int[] noise = [.. Enumerable.Range(0, 100).SelectMany(index => new[] { 0, 1, 2, 3, 4, 100 + index })];
        int[] text = [.. poem, .. noise, .. poem];
        var index = new NgramIndex();
        var right = 0;
        for (var length = poem.Length + noise.Length + 10; length < text.Length; length++)
        {
            var match = index.Find(text.AsSpan(0, length));
            right += match.Length > 0 && match.TokenAt(text.AsSpan(0, length), 0) == text[length] ? 1 : 0;
        }
        Assert.Equal(poem.Length - 10, right);
    }

    [Fact]
    public void A_growing_text_finds_what_a_search_over_all_of_it_finds()
    {
        var random = new Random(5);
        int[] text = [.. Enumerable.Range(0, 3000).Select(_ => random.Next(6))];
        var index = new NgramIndex();
        for (var length = 1; length <= text.Length; length += random.Next(1, 5))
        {
            var match = index.Find(text.AsSpan(0, length));
            if (match.Length == 0)
                continue;
            var agree = Enumerable.Range(0, match.Length).All(back => text[match.Start - 1 - back] == text[length - 1 - back]);
            Assert.True(agree, $"at {length}: {match}");
            Assert.InRange(match.Length, NgramIndex.LeastMatch, NgramIndex.LongestMatch);
        }
    }

    [Fact]
    public void A_shorter_text_is_a_new_one()
    {
        var index = new NgramIndex();
        Assert.Equal(3, index.Find([1, 2, 3, 4, 1, 2, 3]).Length);
        Assert.Equal(0, index.Find([1, 2, 3, 5]).Length);
        Assert.Equal(new NgramMatch(3, 3), index.Find([1, 2, 3, 5, 1, 2, 3]));
    }

    [Fact]
    public void A_token_more_allocates_nothing()
    {
        var random = new Random(5);
        int[] text = [.. Enumerable.Range(0, 8000).Select(_ => random.Next(50))];
        var index = new NgramIndex();
        index.Find(text.AsSpan(0, 5000));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var length = 5001; length <= 8000; length++)
            index.Find(text.AsSpan(0, length));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
