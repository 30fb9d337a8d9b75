using Tandem.Host.Models;
using Tandem.Host.Pairs;

namespace Tandem.Host.Serving;

/// <summary>Takes a draft away that the engine of the main model is too old for.</summary>
internal sealed class DraftSupport(DraftingRuntime runtime)
{
    /// <summary>The pick as it is; or, when the engine is too old, a refusal if the request named the draft and a note if it did not.</summary>
    public DraftPick Check(ModelEntry main, DraftPick pick, bool named)
    {
        // That there is no runtime at all is said by the load.
        if (pick.Draft is null || runtime.ProblemOf(main) is not { Code: FailureCodes.RuntimeOutdated } failure)
            return pick;
        return named
            ? new DraftPick(null, Failure: failure with { Param = "draft_model" })
            : new DraftPick(null, $"{failure.Message} {failure.NextStep}");
    }
}
