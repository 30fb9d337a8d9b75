using Tandem.Engine.LlamaCpp.Inference;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Service;

/// <summary>
/// llama.cpp's rule for a draft's vocabulary, on the library's own tables (common/speculative.cpp, <c>common_speculative_are_compatible</c>):
/// same kind; same add-bos and add-eos and, where added, the same ids; sizes at most 128 apart; the same text from id 5 on.
/// Every failing check is reported. The supervisor's plugin judges by the same rule from headers; no code is shared, and a test compares them.
/// </summary>
internal static class DraftCheck
{
    internal const int MaxSizeDifference = 128;
    internal const int FirstComparedToken = 5;
    private const string PreTokenizer = "tokenizer.ggml.pre";

    internal static CheckDraftResponse Compare(LlamaModel mainModel, LlamaModel draftModel)
    {
        var (main, draft) = (mainModel.Vocabulary, draftModel.Vocabulary);
        var answer = new CheckDraftResponse();
        Check(answer, "kind", main.Type, draft.Type, "The tokenizers are of different kinds.");
        Check(answer, "add_bos", main.AddBos, draft.AddBos, "Only one of the two begins a text with its bos token.");
        if (main.AddBos && draft.AddBos)
            Check(answer, "bos", main.Bos, draft.Bos, "The bos tokens have different ids.");
        Check(answer, "add_eos", main.AddEos, draft.AddEos, "Only one of the two ends a text with its eos token.");
        if (main.AddEos && draft.AddEos)
            Check(answer, "eos", main.Eos, draft.Eos, "The eos tokens have different ids.");
        if (Math.Abs(main.Size - draft.Size) > MaxSizeDifference)
            Check(answer, "size", main.Size, draft.Size, $"The vocabularies differ in size by more than {MaxSizeDifference}.");
        var identical = main.Size == draft.Size;
        for (var token = 0; token < Math.Min(main.Size, draft.Size); token++)
        {
            var (mainText, draftText) = (main.SpelledText(token), draft.SpelledText(token));
            if (string.Equals(mainText, draftText, StringComparison.Ordinal))
                continue;
            identical = false;
            if (token >= FirstComparedToken || answer.FirstDifference is null)
                answer.FirstDifference = new TokenDifference { Id = token, MainText = mainText, DraftText = draftText };
            if (token < FirstComparedToken)
                continue;
            answer.Failed.Add(new FailedCheck { Check = "text", MainValue = mainText, DraftValue = draftText, Message = $"Token {token} is '{mainText}' in the main model and '{draftText}' in the draft." });
            break;
        }
        // How text is split before it is tokenised does not matter to a draft, which sees tokens alone; but the two are not the same.
        var splitsAlike = mainModel.Metadata(PreTokenizer) == draftModel.Metadata(PreTokenizer);
        answer.Verdict = answer.Failed.Count > 0 ? Verdict.Refused
            : identical && splitsAlike && main.Bos == draft.Bos && main.Eos == draft.Eos ? Verdict.Exact
            : Verdict.Tolerated;
        return answer;
    }

    internal static CheckDraftResponse OtherEngine(string mainEngine, string draftEngine) => new()
    {
        Verdict = Verdict.Refused,
        Failed = { new FailedCheck { Check = "engine", MainValue = mainEngine, DraftValue = draftEngine, Message = $"The draft belongs to the engine {draftEngine}, the main model to {mainEngine}: they cannot share a process." } },
    };

    private static void Check<T>(CheckDraftResponse answer, string check, T main, T draft, string message)
    {
        if (EqualityComparer<T>.Default.Equals(main, draft))
            return;
        answer.Failed.Add(new FailedCheck { Check = check, MainValue = $"{main}", DraftValue = $"{draft}", Message = $"{message} Main: {main}, draft: {draft}." });
    }
}
