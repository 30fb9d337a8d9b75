using System.Globalization;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>
/// llama.cpp's rule for a draft's vocabulary (common_speculative_are_compatible), with every failing check instead of the first:
/// same kind; same add-bos and add-eos and, where added, the same ids; sizes at most 128 apart; the same text for every shared id from 5 on.
/// </summary>
internal static class LlamaCppPairRule
{
    public const int LargestSizeDifference = 128;
    public const int FirstComparedId = 5;

    public static PairVerdict Judge(ModelDescription main, ModelDescription draft, IVocabularySource vocabularies)
    {
        if (main.Tokenizer is not { } mainTokenizer || draft.Tokenizer is not { } draftTokenizer)
            return Refuse("kind", Presence(main.Tokenizer), Presence(draft.Tokenizer), "A model without a tokenizer cannot be paired.");
        if (main.Kind != ModelKind.Language || draft.Kind != ModelKind.Language)
            return Refuse("kind", Name(main.Kind), Name(draft.Kind), "Only models that generate text can draft for one another.");
        var failed = CheckSpecials(mainTokenizer, draftTokenizer);
        var difference = CheckTexts(mainTokenizer, draftTokenizer, vocabularies, failed);
        if (failed.Count > 0)
            return new PairVerdict(PairFit.Refused, failed, difference);
        var tolerated = Tolerated(mainTokenizer, draftTokenizer, difference);
        return new PairVerdict(tolerated.Count > 0 ? PairFit.Tolerated : PairFit.Exact, tolerated, difference);
    }

    private static List<FailedCheck> CheckSpecials(TokenizerDescription main, TokenizerDescription draft)
    {
        var failed = new List<FailedCheck>();
        if (VocabularyType(main.Kind) != VocabularyType(draft.Kind))
            failed.Add(new("kind", main.Kind, draft.Kind, $"The main model's tokenizer is of kind {main.Kind}, the draft's of kind {draft.Kind}."));
        CheckAdded(failed, "bos", "start", (main.AddBos, main.Bos), (draft.AddBos, draft.Bos));
        CheckAdded(failed, "eos", "end", (main.AddEos, main.Eos), (draft.AddEos, draft.Eos));
        if (Math.Abs(main.Size - draft.Size) > LargestSizeDifference)
        {
            failed.Add(new("size", Text(main.Size), Text(draft.Size),
                $"The vocabularies have {main.Size} and {draft.Size} tokens; they may be at most {LargestSizeDifference} apart."));
        }
        return failed;
    }

    private static void CheckAdded(List<FailedCheck> failed, string check, string name, (bool Adds, int Id) main, (bool Adds, int Id) draft)
    {
        if (main.Adds != draft.Adds)
            failed.Add(new("add_" + check, Text(main.Adds), Text(draft.Adds), $"Only the {(main.Adds ? "main model" : "draft")} adds a {name} token."));
        else if (main.Adds && main.Id != draft.Id)
            failed.Add(new(check, Text(main.Id), Text(draft.Id), $"The {name} token is {main.Id} in the main model and {draft.Id} in the draft."));
    }

    /// <summary>Adds a failure when texts differ from <see cref="FirstComparedId"/> on; returns the difference to show.</summary>
    private static TokenDifference? CheckTexts(
        TokenizerDescription main, TokenizerDescription draft, IVocabularySource vocabularies, List<FailedCheck> failed)
    {
        if (main.Fingerprint == draft.Fingerprint)
            return null;
        if (vocabularies.Find(main.Fingerprint) is not { } mainTexts || vocabularies.Find(draft.Fingerprint) is not { } draftTexts)
        {
            failed.Add(new("text", main.Fingerprint, draft.Fingerprint, "The vocabularies differ and their texts are not at hand to be compared."));
            return null;
        }
        var id = mainTexts.FirstDifference(draftTexts, FirstComparedId);
        var refuses = id >= 0;
        if (!refuses)
            id = mainTexts.FirstDifference(draftTexts, 0);
        if (id < 0)
            return null;
        var difference = new TokenDifference(id, mainTexts.Text(id), draftTexts.Text(id));
        if (refuses)
        {
            failed.Add(new("text", difference.MainText, difference.DraftText,
                $"Token {id} is \"{difference.MainText}\" in the main model and \"{difference.DraftText}\" in the draft."));
        }
        return difference;
    }

    private static List<FailedCheck> Tolerated(TokenizerDescription main, TokenizerDescription draft, TokenDifference? difference)
    {
        var tolerated = new List<FailedCheck>();
        if (main.PreTokenizer != draft.PreTokenizer)
        {
            tolerated.Add(new("pre_tokenizer", main.PreTokenizer, draft.PreTokenizer,
                "The pre-tokenizers differ; the draft only ever sees the main model's tokens."));
        }
        if (main.Bos != draft.Bos)
            tolerated.Add(new("bos", Text(main.Bos), Text(draft.Bos), "The start tokens differ and neither model adds one."));
        if (main.Eos != draft.Eos)
            tolerated.Add(new("eos", Text(main.Eos), Text(draft.Eos), "The end tokens differ and neither model adds one."));
        if (main.Size != draft.Size)
            tolerated.Add(new("size", Text(main.Size), Text(draft.Size), $"The sizes differ by no more than {LargestSizeDifference}."));
        if (difference is not null)
            tolerated.Add(new("text", difference.MainText, difference.DraftText, $"Texts differ only below id {FirstComparedId}."));
        return tolerated;
    }

    /// <summary>Names that mean the same llama_vocab_type.</summary>
    private static string VocabularyType(string kind) => kind is "gemma4" or "hybriddna" ? "gpt2" : kind;

    private static PairVerdict Refuse(string check, string main, string draft, string message) =>
        new(PairFit.Refused, [new FailedCheck(check, main, draft, message)], null);

    private static string Presence(TokenizerDescription? tokenizer) => tokenizer?.Kind ?? "none";

    private static string Name(ModelKind kind) => kind.ToString().ToLowerInvariant();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(bool flag) => flag ? "true" : "false";
}
