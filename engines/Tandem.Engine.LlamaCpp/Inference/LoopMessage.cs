using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>What other threads ask of the loop. The loop takes messages between two passes.</summary>
internal abstract record LoopMessage
{
    /// <summary>Serve a request when its turn comes.</summary>
    internal sealed record Start(Generation Generation) : LoopMessage;

    /// <summary>Compute embeddings when their turn comes.</summary>
    internal sealed record Embed(EmbedJob Job) : LoopMessage;

    /// <summary>Use this draft from the next step on; completes with its revision. The loop owns and disposes it from then on.</summary>
    internal sealed record Attach(DraftUnit Draft, TaskCompletionSource<ulong> Done) : LoopMessage;

    /// <summary>Use no draft from the next step on; completes with the new revision, and whether there was one.</summary>
    internal sealed record Detach(TaskCompletionSource<(bool Detached, ulong Revision)> Done) : LoopMessage;

    /// <summary>Something changed that the loop looks at by itself: a cancellation, a reader that reads again.</summary>
    internal sealed record Wake : LoopMessage
    {
        internal static Wake Instance { get; } = new();
    }

    /// <summary>Admit nothing more; completes when the last request has ended.</summary>
    internal sealed record Drain(TaskCompletionSource<uint> Done) : LoopMessage;

    /// <summary>End: running requests finish with the reason MODEL_UNLOADED.</summary>
    internal sealed record Stop : LoopMessage;
}

/// <summary>A draft model that is loaded, with its own context: one sequence per slot of the main model.</summary>
/// <param name="Key">As the supervisor lists it.</param>
/// <param name="Model">Its weights.</param>
/// <param name="Context">Its cache.</param>
/// <param name="Placement">Its settings as they came out.</param>
/// <param name="Notices">What was not done as asked.</param>
internal sealed record DraftUnit(string Key, LlamaModel Model, LlamaContext Context, Placement Placement, IReadOnlyList<string> Notices) : IDisposable
{
    /// <summary>Set by the loop when it takes the draft over.</summary>
    internal ulong Revision { get; set; }

    /// <summary>Its passes: as stored, measured when it was attached and refined since.</summary>
    internal PassTimes Times { get; init; } = new();

    /// <summary>What its answers say about it.</summary>
    internal AcceptanceHistory History { get; init; } = new();

    /// <summary>The figures as they stood when it was attached, for answers with a seed.</summary>
    internal (PassTimes Times, AcceptancePrior Prior) AtLoad { get; set; } = (new PassTimes(), new AcceptancePrior());

    /// <summary>The figures for an answer that begins now.</summary>
    internal DraftFigures Figures(bool isSeeded) => isSeeded
        ? new DraftFigures(AtLoad.Times, new AcceptanceHistory(AtLoad.Prior).Begin(), History)
        : new DraftFigures(Times, History.Begin(), History);

    internal DraftInfo Describe() => new()
    {
        Key = Key,
        Description = Model.Description,
        Tokenizer = Model.DescribeTokenizer(),
        Revision = Revision,
        Settings = Placement.ToSettings(),
        ParameterCount = Model.ParameterCount,
    };

    public void Dispose()
    {
        Context.Dispose();
        Model.Dispose();
    }
}
