using Tandem.Host.Models;
using Tandem.Host.Workers;

namespace Tandem.Host.Serving;

/// <summary>What is done about the draft a request asks for, given the worker it gets.</summary>
internal abstract record DraftChoice
{
    private const string Capability = "speculation.draft";

    /// <summary>It can run now.</summary>
    /// <param name="Note">Why without the draft it asked for; null when it has it, or wanted none.</param>
    public sealed record Serve(string? Note) : DraftChoice;

    /// <summary>The draft is attached first.</summary>
    public sealed record Attach : DraftChoice;

    /// <summary>Others use another draft, or it is being changed.</summary>
    public sealed record Wait : DraftChoice;

    public sealed record Refuse(Failure Failure) : DraftChoice;

    /// <param name="waited">It has waited for the draft as long as it may.</param>
    public static DraftChoice For(ModelEntry? wanted, ModelSlot slot, WorkerSnapshot worker, bool waited)
    {
        // An attached draft that is not wanted stays: the request says "none" to the worker, and the next one may want it again.
        if (wanted is null)
            return new Serve(null);
        if (worker.Handshake?.Capabilities.Contains(Capability) != true)
            return new Serve($"{worker.RuntimeId}, on which the model runs, cannot use a draft model");
        if (slot.ChangingDraft)
            return new Wait();
        if (wanted.Key == worker.DraftKey)
            return new Serve(null);
        if (slot.DraftFailure(wanted.Key) is { } failure)
        {
            return failure.Code is FailureCodes.DraftEngineMismatch or FailureCodes.DraftVocabularyMismatch
                ? new Refuse(failure)
                : new Serve($"{wanted.Key} could not be attached: {failure.Message}");
        }

        if (slot.DraftLeases == 0)
            return new Attach();
        return waited ? new Serve($"other requests are running with {worker.DraftKey}") : new Wait();
    }
}
