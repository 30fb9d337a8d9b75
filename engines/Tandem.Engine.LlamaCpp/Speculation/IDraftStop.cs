namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>Ends a draft early. It may look at the draft so far and at nothing that chance decides later, so the law of the answer holds.</summary>
internal interface IDraftStop
{
    /// <summary>Whether the next token, whose distribution is known and not drawn from yet, is worth a row of the main pass.</summary>
    /// <param name="index">Its position in the draft.</param>
    /// <param name="confidence">Probability of the distribution's most probable token.</param>
    bool Admits(int index, double confidence);

    /// <summary>Whether another pass of the draft model is worth its time, after so many tokens.</summary>
    bool GoesOn(int count);
}
