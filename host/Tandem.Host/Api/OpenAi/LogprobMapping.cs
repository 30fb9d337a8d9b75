using System.Text;
using Google.Protobuf;
using Tandem.Protocol;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Log probabilities as the two kinds of endpoints show them.</summary>
internal static class LogprobMapping
{
    public static ChatLogprobs ForChat(IReadOnlyList<Token> tokens) => new([.. tokens.Select(token => new TokenReport(
        TextOf(token), token.Logprob, BytesOf(token.Piece), [.. token.TopLogprobs.Select(top => new TopToken(TextOf(top.Piece), top.Logprob, BytesOf(top.Piece)))]))]);

    /// <param name="offset">Characters of the answer before the first token.</param>
    public static CompletionLogprobs ForCompletion(IReadOnlyList<Token> tokens, ref int offset)
    {
        var offsets = new List<int>(tokens.Count);
        foreach (var token in tokens)
        {
            offsets.Add(offset);
            offset += token.Control ? 0 : TextOf(token.Piece).Length;
        }

        return new CompletionLogprobs(
            [.. tokens.Select(TextOf)],
            [.. tokens.Select(token => (double)token.Logprob)],
            [.. tokens.Select(TopOf)],
            offsets);
    }

    private static Dictionary<string, double> TopOf(Token token)
    {
        var top = new Dictionary<string, double>(StringComparer.Ordinal);
        // Several tokens may read the same; the most probable one comes first.
        foreach (var one in token.TopLogprobs)
            top.TryAdd(TextOf(one.Piece), one.Logprob);
        return top;
    }

    private static string TextOf(Token token) => token.Control ? token.ControlText : TextOf(token.Piece);

    private static string TextOf(ByteString piece) => Encoding.UTF8.GetString(piece.Span);

    private static int[] BytesOf(ByteString piece) => [.. piece.Select(value => (int)value)];
}
