using System.Text;
using CsCheck;
using Google.Protobuf;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class TokenReleaserTests
{
    [Fact]
    public void Without_stop_strings_every_token_leaves_at_once()
    {
        List<Token> released = [];
        var releaser = new TokenReleaser([]);
        Assert.False(releaser.Add(Text("a"), released));
        Assert.Single(released);
        Assert.Null(releaser.StopString);
    }

    [Fact]
    public void A_stop_string_that_begins_inside_a_token_cuts_it_short()
    {
        var (released, releaser) = Run(["END"], "one", " twoE", "N", "D three");
        Assert.Equal(["one", " two"], released);
        Assert.Equal("END", releaser.StopString);
        Assert.Equal(0, releaser.HeldCount);
    }

    [Fact]
    public void A_token_of_which_nothing_is_left_is_not_emitted() => Assert.Equal(["a"], Run(["END"], "a", "END").Released);

    [Fact]
    public void What_might_have_been_a_stop_string_is_released_when_it_is_none() =>
        Assert.Equal(["E", "N", "d"], Run(["END"], "E", "N", "d").Released);

    [Fact]
    public void What_is_held_back_is_released_at_the_end()
    {
        List<Token> released = [];
        var releaser = new TokenReleaser(["END"]);
        releaser.Add(Text("EN"), released);
        Assert.Empty(released);
        releaser.Flush(released);
        Assert.Equal("EN", Assert.Single(released).Piece.ToStringUtf8());
    }

    [Fact]
    public void Of_several_the_first_completed_ends_the_text_and_of_those_the_longest()
    {
        Assert.Equal("bc", Run(["abcd", "bc"], "xabcd").Releaser.StopString);
        Assert.Equal("abc", Run(["bc", "abc", "c"], "xabc").Releaser.StopString);
        Assert.Equal(["x"], Run(["bc", "abc", "c"], "xabc").Released);
    }

    [Fact]
    public void Stop_strings_are_found_in_bytes_also_when_tokens_split_characters()
    {
        List<Token> released = [];
        var releaser = new TokenReleaser(["é"]);
        var bytes = Encoding.UTF8.GetBytes("aé");
        releaser.Add(new Token { Piece = ByteString.CopyFrom(bytes, 0, 2) }, released);
        Assert.Empty(released);
        Assert.True(releaser.Add(new Token { Piece = ByteString.CopyFrom(bytes, 2, 1) }, released));
        Assert.Equal("a", Assert.Single(released).Piece.ToStringUtf8());
    }

    [Fact]
    public void Control_tokens_keep_their_place()
    {
        List<Token> released = [];
        var releaser = new TokenReleaser(["END"]);
        releaser.Add(Control(7), released);
        releaser.Add(Text("aE"), released);
        releaser.Add(Control(8), released);
        Assert.Equal([7], released.Select(token => token.Id));
        releaser.Add(Text("x"), released);
        Assert.Equal([7, 0, 8, 0], released.Select(token => token.Id));
        releaser.Add(Text("E"), released);
        releaser.Add(Control(9), released);
        Assert.True(releaser.Add(Text("ND"), released));
        Assert.Equal([7, 0, 8, 0], released.Select(token => token.Id));
    }

    [Fact]
    public void Any_stream_is_cut_where_a_plain_search_would_cut_it()
    {
        var text = Gen.Char["ab"].Array[1, 5].Select(characters => new string(characters));
        Gen.Select(text.Array[1, 4], Gen.Char["abc"].Array[0, 3].Select(characters => new string(characters)).Array[0, 25])
            .Sample((stops, pieces) =>
            {
                List<Token> released = [];
                var releaser = new TokenReleaser(stops);
                List<string> read = [];
                var ended = false;
                foreach (var piece in pieces.TakeWhile(_ => !ended))
                {
                    ended = releaser.Add(Text(piece), released);
                    read.Add(piece);
                    if (!ended)
                        AssertHoldsOnlyWhatMayMatch(stops, read, released.Count);
                }
                releaser.Flush(released);
                var (expected, stop) = Search(stops, string.Concat(pieces));
                Assert.Equal(stop, releaser.StopString);
                Assert.Equal(expected, string.Concat(released.Select(token => token.Piece.ToStringUtf8())));
            });
    }

    [Fact]
    public void Many_long_stop_strings_cost_no_more_than_the_bytes_read()
    {
        var stops = Enumerable.Range(0, 64).Select(index => new string('a', 1000) + (char)('b' + (index % 20)) + index).ToArray();
        var matcher = new StopMatcher(stops);
        for (var index = 0; index < 500_000; index++)
            Assert.False(matcher.Read((byte)'a'));
        Assert.Equal(1000, matcher.PendingLength);
    }

    /// <summary>Released is exactly what ends before the longest end of the text that begins a stop string.</summary>
    private static void AssertHoldsOnlyWhatMayMatch(string[] stops, List<string> read, int released)
    {
        var text = string.Concat(read);
        var pending = Enumerable.Range(0, text.Length + 1)
            .First(start => stops.Any(stop => stop.StartsWith(text[start..], StringComparison.Ordinal)));
        var end = 0;
        Assert.Equal(read.TakeWhile(piece => (end += piece.Length) <= pending).Count(), released);
    }

    /// <summary>Byte by byte: the first end at which a string is complete, the longest there.</summary>
    private static (string Text, string? Stop) Search(string[] stops, string text)
    {
        for (var end = 1; end <= text.Length; end++)
            if (stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length) is { } stop)
                return (text[..(end - stop.Length)], stop);
        return (text, null);
    }

    private static (List<string> Released, TokenReleaser Releaser) Run(string[] stops, params string[] pieces)
    {
        List<Token> released = [];
        var releaser = new TokenReleaser(stops);
        var ended = false;
        foreach (var piece in pieces.TakeWhile(_ => !ended))
            ended = releaser.Add(Text(piece), released);
        return ([.. released.Select(token => token.Piece.ToStringUtf8())], releaser);
    }

    private static Token Text(string text) => new() { Piece = ByteString.CopyFromUtf8(text) };

    private static Token Control(int id) => new() { Id = id, Control = true };
}
