using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>Turns an Embed request into a job for the loop, or refuses it by field.</summary>
internal static class EmbedCheck
{
    private const int MaxInputs = 2048;

    /// <exception cref="Grpc.Core.RpcException">The first fault found.</exception>
    internal static EmbedJob Read(EmbedRequest request, LoadedEngine engine, CancellationToken cancelled)
    {
        if (request.Inputs.Count is < 1 or > MaxInputs)
            throw Refusal.InvalidArgument("invalid_value", "inputs", $"There may be 1 to {MaxInputs} inputs, not {request.Inputs.Count}.");
        var inputs = new List<List<int>>(request.Inputs.Count);
        for (var index = 0; index < request.Inputs.Count; index++)
            inputs.Add(Fit(engine, request, index));
        return new EmbedJob(inputs, Normalize: !request.HasNormalize || request.Normalize, cancelled);
    }

    private static List<int> Fit(LoadedEngine engine, EmbedRequest request, int index)
    {
        var tokens = engine.Tokenizer.Tokenize(request.Inputs[index]);
        if (tokens.Count == 0)
            throw Refusal.InvalidArgument("invalid_value", $"inputs[{index}]", "The input is empty.");
        var limit = engine.Placement.ContextLength;
        if (tokens.Count <= limit)
            return tokens;
        if (request.Overflow != Overflow.TruncateMiddle)
            throw Refusal.InvalidArgument("context_length_exceeded", $"inputs[{index}]", $"The input has {tokens.Count} tokens; the model takes {limit}.", "Shorten the input, or allow truncation.");
        // Its beginning stays, and the token that ends every text of this model.
        var last = tokens[^1];
        var endsAlike = request.Inputs[index].AddSpecial && (last == engine.Model.Vocabulary.Separator || last == engine.Model.Vocabulary.Eos);
        tokens.RemoveRange(limit, tokens.Count - limit);
        if (endsAlike)
            tokens[^1] = last;
        return tokens;
    }
}
