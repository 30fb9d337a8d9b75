using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// What leaves when a text does not fit into the context. Truncation takes the middle of a prompt once. A rolling window keeps a first part
/// and takes the oldest tokens behind it, half of them at a time; what is left is worked out again at its new positions. Shifting the cache
/// instead would be cheaper, but its keys and values would still know what has left, so a text would depend on when it was shifted, and
/// sequences that share cells could not be shifted at all. A whole half at a time, this costs about one prompt token per token written.
/// </summary>
internal static class PromptFit
{
    /// <summary>Tokens at the beginning that a rolling window never drops.</summary>
    internal static int FirstPart(int promptTokens, int contextLength) => Math.Min(promptTokens, contextLength / 4);

    /// <summary>Cuts a prompt that does not fit, and returns how many tokens left; those of a request that wants none cut stay.</summary>
    internal static int Cut(List<int> tokens, GenerateRequest request, int contextLength)
    {
        if (tokens.Count < contextLength || request.Overflow is not (Overflow.TruncateMiddle or Overflow.RollingWindow))
            return 0;
        var answer = Math.Clamp(request.MaxTokens > 0 ? (int)Math.Min(request.MaxTokens, int.MaxValue) : contextLength / 4, 1, contextLength / 2);
        var room = contextLength - answer;
        var first = request.Overflow == Overflow.RollingWindow ? FirstPart(tokens.Count, contextLength) : room / 2;
        var dropped = tokens.Count - room;
        tokens.RemoveRange(first, dropped);
        return dropped;
    }
}
