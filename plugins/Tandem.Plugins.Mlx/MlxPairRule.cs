using System.Globalization;

namespace Tandem.Plugins.Mlx;

/// <summary>
/// The rule for MLX pairs: same tokenizer kind and pre-tokenizer, equal text for every shared id, every id of the main model below the
/// rows of the draft's embedding. Ids that only the draft has are masked by the worker and may be there.
/// </summary>
internal static class MlxPairRule
{
    public static PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies)
    {
        if (main.Tokenizer is not { } mainTokenizer || draft.Tokenizer is not { } draftTokenizer)
            return Refuse("kind", main.Tokenizer?.Kind ?? "none", draft.Tokenizer?.Kind ?? "none", "A model without a tokenizer cannot be paired.");
        if (main.Kind != ModelKind.Language || draft.Kind != ModelKind.Language)
        {
            return Refuse("kind", main.Kind.ToString().ToLowerInvariant(), draft.Kind.ToString().ToLowerInvariant(),
                "Only models that generate text can draft for one another.");
        }
        var failed = new List<FailedCheck>();
        Compare(failed, "kind", "kinds of tokenizer", mainTokenizer.Kind, draftTokenizer.Kind);
        Compare(failed, "pre_tokenizer", "pre-tokenizers", mainTokenizer.PreTokenizer, draftTokenizer.PreTokenizer);
        var difference = CompareTexts(mainTokenizer, draftTokenizer, vocabularies, failed);
        if (mainTokenizer.Size > draftTokenizer.PaddedSize)
        {
            failed.Add(new("range", Text(mainTokenizer.Size), Text(draftTokenizer.PaddedSize),
                $"The main model has {mainTokenizer.Size} tokens and the draft's embedding only {draftTokenizer.PaddedSize} rows."));
        }
        if (failed.Count > 0)
            return new PairVerdict(PairFit.Refused, failed, difference);
        if (mainTokenizer.Size == draftTokenizer.Size)
            return new PairVerdict(PairFit.Exact, [], null);
        return new PairVerdict(PairFit.Tolerated,
            [new("size", Text(mainTokenizer.Size), Text(draftTokenizer.Size), "The sizes differ; ids that only the draft has are masked.")], null);
    }

    private static TokenDifference? CompareTexts(
        TokenizerDescription main, TokenizerDescription draft, IVocabularySource vocabularies, List<FailedCheck> failed)
    {
        if (main.Fingerprint == draft.Fingerprint)
            return null;
        if (vocabularies.Find(main.Fingerprint) is not { } mainTexts || vocabularies.Find(draft.Fingerprint) is not { } draftTexts)
        {
            failed.Add(new("text", main.Fingerprint, draft.Fingerprint, "The vocabularies differ and their texts are not at hand to be compared."));
            return null;
        }
        var id = mainTexts.FirstDifference(draftTexts, 0);
        if (id < 0)
            return null;
        var difference = new TokenDifference(id, mainTexts.Text(id), draftTexts.Text(id));
        failed.Add(new("text", difference.MainText, difference.DraftText,
            $"Token {id} is \"{difference.MainText}\" in the main model and \"{difference.DraftText}\" in the draft."));
        return difference;
    }

    private static void Compare(List<FailedCheck> failed, string check, string name, string main, string draft)
    {
        if (main != draft)
            failed.Add(new(check, main, draft, $"The {name} differ: {main} in the main model, {draft} in the draft."));
    }

    private static PairVerdict Refuse(string check, string main, string draft, string message) =>
        new(PairFit.Refused, [new FailedCheck(check, main, draft, message)], null);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
