using System.Text;
using CsCheck;
using FakeEngine;
using Google.Protobuf;
using Tandem.Protocol;

namespace Tandem.Tests.FakeEngineTests;

public sealed class StopMatcherTests
{
    private static readonly Gen<string> Letters = Gen.Char["ab"].Array[1, 4].Select(letters => new string(letters));

    [Fact]
    public void What_is_released_is_the_text_before_the_stop_string_however_it_is_cut_into_tokens()
        => Gen.Select(Letters.Array[0, 12], Letters).Sample((pieces, stop) =>
        {
            var matcher = new StopMatcher([stop]);
            var released = new List<Token>();
            foreach (var piece in pieces.TakeWhile(_ => matcher.Found is null))
                released.AddRange(matcher.Add(new Token { Piece = ByteString.CopyFromUtf8(piece) }));
            released.AddRange(matcher.Flush());

            var whole = string.Concat(pieces);
            var start = whole.IndexOf(stop, StringComparison.Ordinal);
            Assert.Equal(start < 0 ? whole : whole[..start], Encoding.UTF8.GetString([.. released.SelectMany(token => token.Piece)]));
            Assert.Equal(start < 0 ? null : stop, matcher.Found);
        });

    [Fact]
    public void A_token_is_held_back_only_while_it_can_still_be_part_of_a_stop_string()
    {
        var matcher = new StopMatcher(["abc"]);

        Assert.Single(matcher.Add(Of("x")));
        Assert.Empty(matcher.Add(Of("ya")));
        Assert.Empty(matcher.Add(Of("b")));
        Assert.Equal(3, matcher.Add(Of("d")).Count);
    }

    private static Token Of(string text) => new() { Piece = ByteString.CopyFromUtf8(text) };
}
