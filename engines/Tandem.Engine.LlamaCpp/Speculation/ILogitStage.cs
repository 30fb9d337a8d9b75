namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// A stage that changes logits before anything is cut and may depend on the tokens before: a penalty, a constraint.
/// </summary>
internal interface ILogitStage
{
    /// <summary>Changes the logits of the token after all accepted ones. Index is the token id; -inf bans.</summary>
    void Apply(Span<float> logits);

    /// <summary>A token has been drafted or decided.</summary>
    void Accept(int token);

    /// <summary>Takes back the last <paramref name="count"/> accepted tokens.</summary>
    void Rollback(int count);
}
