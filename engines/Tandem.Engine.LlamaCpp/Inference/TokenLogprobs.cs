using Google.Protobuf;
using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>Writes log probabilities into tokens: what the model itself thought, before the sampler chain.</summary>
/// <param name="vocabulary">The model's.</param>
/// <param name="count">Most probable alternatives to report.</param>
internal sealed class TokenLogprobs(Vocabulary vocabulary, int count)
{
    private readonly CandidateSet _top = new();

    internal void Write(Token token, ReadOnlySpan<float> row)
    {
        var maximum = LogitKernels.Maximum(row);
        var logOfMass = maximum + Math.Log(LogitKernels.SumOfExponentials(row, maximum, 1));
        token.Logprob = (float)(row[token.Id] - logOfMass);
        if (count == 0)
            return;
        _top.TakeLargest(row, count);
        for (var rank = 0; rank < _top.Count; rank++)
        {
            var id = _top.TokenAt(rank);
            var piece = vocabulary.IsControl(id) ? ByteString.CopyFromUtf8(vocabulary.SpelledText(id)) : vocabulary.Piece(id);
            token.TopLogprobs.Add(new TokenLogprob { Id = id, Piece = piece, Logprob = (float)(_top.LogitAt(rank) - logOfMass) });
        }
    }
}
