using System.Buffers;
using System.Text;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>
/// Turns prompt segments into tokens. Control tokens are looked for in template text only; what lies between two of them is tokenized as one
/// text, whoever wrote it, so that the result equals llama.cpp's tokenization of the joined text wherever users write no control tokens.
/// </summary>
internal sealed unsafe class PromptTokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly Dictionary<string, int> _controlTokens = new(StringComparer.Ordinal);
    private readonly SearchValues<string>? _controlTexts;

    internal PromptTokenizer(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        for (var token = 0; token < vocabulary.Size; token++)
        {
            if ((vocabulary.Attributes(token) & (TokenAttributes.Control | TokenAttributes.Unknown)) != 0
                && vocabulary.SpelledText(token) is { Length: > 0 } text)
                _controlTokens.TryAdd(text, token);
        }
        if (_controlTokens.Count > 0)
            _controlTexts = SearchValues.Create([.. _controlTokens.Keys], StringComparison.Ordinal);
    }

    /// <exception cref="Grpc.Core.RpcException">A segment the model cannot take (INVALID_ARGUMENT, named by field).</exception>
    internal List<int> Tokenize(Prompt prompt)
    {
        var tokens = new List<int>();
        if (prompt.AddSpecial && _vocabulary.AddBos && _vocabulary.Bos >= 0)
            tokens.Add(_vocabulary.Bos);
        var text = new StringBuilder();
        var stripNext = false;
        for (var index = 0; index < prompt.Segments.Count; index++)
        {
            var segment = prompt.Segments[index];
            switch (segment.ContentCase)
            {
                case Segment.ContentOneofCase.Text when segment.Text.ParseSpecial:
                    AppendTemplateText(segment.Text.Text, text, tokens, ref stripNext);
                    break;
                case Segment.ContentOneofCase.Text:
                    AppendText(segment.Text.Text, text, ref stripNext);
                    break;
                case Segment.ContentOneofCase.Tokens:
                    Flush(text, tokens);
                    AppendTokens(segment.Tokens, index, tokens);
                    break;
                case Segment.ContentOneofCase.Media:
                    throw Refusal.InvalidArgument("images_not_supported", $"prompt.segments[{index}].media", "This model takes no images or sound.", "Use a model with a projector.");
                default:
                    throw Refusal.InvalidArgument("invalid_value", $"prompt.segments[{index}]", "The segment has no content.", "");
            }
        }
        Flush(text, tokens);
        if (prompt.AddSpecial && _vocabulary.AddEos && _vocabulary.Eos >= 0)
            tokens.Add(_vocabulary.Eos);
        else if (prompt.AddSpecial && _vocabulary.Separator >= 0)
            tokens.Add(_vocabulary.Separator);
        return tokens;
    }

    private void AppendTemplateText(string source, StringBuilder text, List<int> tokens, ref bool stripNext)
    {
        var rest = source.AsSpan();
        while (_controlTexts is not null && rest.IndexOfAny(_controlTexts) is >= 0 and var at)
        {
            var (control, token) = LongestControlAt(rest[at..]);
            AppendText(rest[..at].ToString(), text, ref stripNext);
            var attributes = _vocabulary.Attributes(token);
            if ((attributes & TokenAttributes.StripLeft) != 0)
                TrimEnd(text);
            Flush(text, tokens);
            tokens.Add(token);
            stripNext = (attributes & TokenAttributes.StripRight) != 0;
            rest = rest[(at + control.Length)..];
        }
        AppendText(rest.ToString(), text, ref stripNext);
    }

    /// <summary>Some texts begin with another (<c>&lt;s</c>, <c>&lt;s&gt;</c>): the longest one counts.</summary>
    private (string Text, int Token) LongestControlAt(ReadOnlySpan<char> text)
    {
        var longest = "";
        foreach (var control in _controlTokens.Keys)
        {
            if (control.Length > longest.Length && text.StartsWith(control, StringComparison.Ordinal))
                longest = control;
        }
        return (longest, _controlTokens[longest]);
    }

    private static void AppendText(string part, StringBuilder text, ref bool stripNext)
    {
        var kept = stripNext ? part.AsSpan().TrimStart() : part;
        stripNext &= kept.Length == 0;
        text.Append(kept);
    }

    private static void TrimEnd(StringBuilder text)
    {
        while (text.Length > 0 && char.IsWhiteSpace(text[^1]))
            text.Length--;
    }

    private void AppendTokens(TokenSegment segment, int index, List<int> tokens)
    {
        foreach (var id in segment.Ids)
        {
            if (id < 0 || id >= _vocabulary.Size)
                throw Refusal.InvalidArgument("invalid_value", $"prompt.segments[{index}].tokens", $"Token {id} is outside the vocabulary of {_vocabulary.Size}.", "");
            tokens.Add(id);
        }
    }

    private void Flush(StringBuilder text, List<int> tokens)
    {
        if (text.Length == 0)
            return;
        var utf8 = Encoding.UTF8.GetBytes(text.ToString());
        text.Clear();
        // A token is at least one byte of the text, apart from what a tokenizer puts in front.
        var room = new int[utf8.Length + 8];
        fixed (byte* bytes = utf8)
        fixed (int* output = room)
        {
            var count = LlamaApi.llama_tokenize(_vocabulary.Pointer, bytes, utf8.Length, output, room.Length, 0, 0);
            if (count < 0)
                throw new InvalidOperationException($"llama_tokenize asks for {-count} tokens of room for {utf8.Length} bytes.");
            tokens.AddRange(room.AsSpan(0, count));
        }
    }
}
