using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Which draft an answer gets.</summary>
/// <param name="Draft">Null: none.</param>
/// <param name="Note">Why there is none although one was wanted; null when all is as asked.</param>
/// <param name="Failure">Why the request cannot be served as asked; null when it can.</param>
internal sealed record DraftPick(ModelEntry? Draft, string? Note = null, Failure? Failure = null);

/// <summary>Decides it: what the request names, else the model's default, else none. Only what a request names itself can refuse it.</summary>
internal sealed class DraftPicker(ModelCatalogue models, PairJudge pairs)
{
    private const string Field = "draft_model";
    private const string Auto = "auto";
    private const string Off = "off";

    public async Task<DraftPick> ChooseAsync(ModelEntry main, ChatRequest request, CancellationToken cancellationToken)
    {
        // N-grams need no model.
        if (request.Speculation.Proposer == Proposer.Ngram)
            return new DraftPick(null);
        var choice = await ChooseAsync(main, request.DraftModel, cancellationToken);
        return choice is { Draft: null, Note: null, Failure: null } && request.Speculation.Proposer == Proposer.Draft
            ? choice with
            {
                Failure = new Failure(FailureCodes.InvalidValue, $"The proposer 'draft' needs a draft model, and {main.Key} has none by default.",
                "speculation.proposer", $"Send '{Field}', or leave the proposer out.")
            }
            : choice;
    }

    /// <param name="name">A key, <c>auto</c>, <c>off</c>; null: the model's default.</param>
    public async Task<DraftPick> ChooseAsync(ModelEntry main, string? name, CancellationToken cancellationToken)
    {
        var named = name?.Trim();
        return named switch
        {
            null => await DefaultAsync(main, cancellationToken),
            "" or Off => new DraftPick(null),
            Auto => Best(main),
            _ => await NamedAsync(main, named, cancellationToken),
        };
    }

    private async Task<DraftPick> NamedAsync(ModelEntry main, string name, CancellationToken cancellationToken) =>
        await models.ResolveAsync(name, cancellationToken) switch
        {
            ModelResolution.Found found => Judge(main, found.Model),
            ModelResolution.NotFound missing => new DraftPick(null, Failure: missing.Failure with { Param = Field }),
            _ => throw new InvalidOperationException("a resolution has two outcomes"),
        };

    private async Task<DraftPick> DefaultAsync(ModelEntry main, CancellationToken cancellationToken)
    {
        if (main.Defaults.DraftModel is not { Length: > 0 } key || key == Off)
            return new DraftPick(null);
        var choice = key == Auto ? Best(main) : await NamedAsync(main, key, cancellationToken);
        return choice.Failure is { } failure ? new DraftPick(null, $"The default draft was not used: {failure.Message}") : choice;
    }

    private DraftPick Best(ModelEntry main) => pairs.State != PairIndexState.Ready
        ? new DraftPick(null, $"Drafts that fit {main.Key} are still being identified.")
        : pairs.FindDrafts(main) is [{ Model: var best }, ..]
            ? new DraftPick(best)
            : new DraftPick(null, $"No draft model here fits {main.Key}.");

    private DraftPick Judge(ModelEntry main, ModelEntry draft) =>
        pairs.Judge(main, draft).Failure is { } failure ? new DraftPick(null, Failure: failure) : new DraftPick(draft);
}
