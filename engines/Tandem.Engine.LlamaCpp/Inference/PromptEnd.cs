namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// The logits behind the prompt that a slot worked out last. The same prompt, asked again, gets its first token from them: at once, and from
/// the very numbers the first answer came from. A pass of another width would round them differently where the processor has kernels of its
/// own for wide passes, and a seed would then not give its text again.
/// </summary>
internal sealed class PromptEnd
{
    private float[] _logits = [];

    /// <summary>Tokens of the prompt; 0: nothing is kept.</summary>
    internal int Length { get; private set; }

    internal ReadOnlySpan<float> Logits => _logits;

    internal void Keep(int length, ReadOnlySpan<float> logits)
    {
        if (_logits.Length != logits.Length)
            _logits = new float[logits.Length];
        logits.CopyTo(_logits);
        Length = length;
    }

    /// <summary>Only this many tokens of the text are left.</summary>
    internal void Limit(int length)
    {
        if (length < Length)
            Length = 0;
    }
}

/// <summary>Logits by row, from the token before a draft on: of the last pass, or the one row that was kept of a prompt.</summary>
internal readonly ref struct LogitRows
{
    private readonly LlamaContext? _context;
    private readonly int _first;
    private readonly ReadOnlySpan<float> _kept;

    internal LogitRows(LlamaContext context, int first) => (_context, _first) = (context, first);

    internal LogitRows(ReadOnlySpan<float> kept) => _kept = kept;

    /// <summary>Row 0 follows the token before the draft, row i the i-th token of the draft. Valid until the next pass.</summary>
    internal ReadOnlySpan<float> this[int row] => _context is null ? _kept : _context.Logits(_first + row);
}
