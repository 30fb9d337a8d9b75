using Tandem.Host.Chat;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Makes what a worker is sent of a rendered chat or of a plain prompt.</summary>
internal static class PromptBuilder
{
    public static Prompt Of(IReadOnlyList<PromptPart> parts, TokenizerDescription? tokenizer)
    {
        var prompt = new Prompt
        {
            // A template that writes the beginning-of-text mark itself must not get a second one.
            AddSpecial = tokenizer is { AddBos: true, BosText: var bos }
                && !(bos.Length > 0 && parts is [{ FromTemplate: true } first, ..] && first.Text.StartsWith(bos, StringComparison.Ordinal)),
        };
        foreach (var part in parts)
            prompt.Segments.Add(Text(part.Text, part.FromTemplate));
        return prompt;
    }

    /// <summary>
    /// Null when it has a suffix and the vocabulary no tokens for that. Marks in the text become control tokens: whoever sends a plain prompt
    /// plays the template's part, and clients that bring their own templates rely on it.
    /// </summary>
    public static Prompt? Of(PlainPrompt plain, TokenizerInfo tokenizer)
    {
        if (plain.Tokens is { } ids)
            return new Prompt { Segments = { Tokens(ids) } };
        if (plain.Suffix is not { } suffix)
            return new Prompt { AddSpecial = true, Segments = { Text(plain.Text ?? "", special: true) } };
        if (tokenizer.FimPrefix < 0 || tokenizer.FimSuffix < 0 || tokenizer.FimMiddle < 0 || tokenizer is { FimPrefix: 0, FimSuffix: 0, FimMiddle: 0 })
            return null;
        return new Prompt
        {
            Segments =
            {
                Tokens([tokenizer.FimPrefix]), Text(plain.Text ?? "", special: false), Tokens([tokenizer.FimSuffix]), Text(suffix, special: false),
                Tokens([tokenizer.FimMiddle]),
            },
        };
    }

    private static Segment Text(string text, bool special) => new() { Text = new TextSegment { Text = text, ParseSpecial = special } };

    private static Segment Tokens(IEnumerable<int> ids) => new() { Tokens = new TokenSegment { Ids = { ids } } };
}
