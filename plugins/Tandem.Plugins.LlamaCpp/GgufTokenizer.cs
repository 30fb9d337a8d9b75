using System.Text;
using Tandem.Plugins.LlamaCpp.Gguf;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>
/// The tokenizer as llama.cpp would have it after loading the file: where the file is silent, llama.cpp's own defaults hold
/// (llama-vocab.cpp, by tokenizer kind and pre-tokenizer).
/// </summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";

    // Pre-tokenizers of byte-level BPE that put a start token first although the file does not ask for it.
    private static readonly HashSet<string> AddsBosByPreTokenizer =
        ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken"];

    private static readonly string[] EndOfTurnTexts =
        ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<turn|>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "<｜end▁of▁sentence｜>"];

    public static TokenizerDescription Describe(GgufMetadata metadata, Vocabulary vocabulary, long outputRows)
    {
        var kind = metadata.Text(Prefix + "model") ?? throw new GgufException("is missing", Prefix + "model");
        var pre = metadata.Text(Prefix + "pre") ?? "default";
        var defaults = DefaultsOf(kind, pre);
        var bos = Id(metadata, "bos_token_id", defaults.Bos, vocabulary);
        var eos = Id(metadata, "eos_token_id", defaults.Eos, vocabulary);
        var endOfTurn = Id(metadata, "eot_token_id", -1, vocabulary);
        return new TokenizerDescription
        {
            Kind = kind,
            PreTokenizer = pre,
            Fingerprint = vocabulary.Fingerprint,
            Size = vocabulary.Count,
            PaddedSize = (int)Math.Clamp(outputRows, vocabulary.Count, int.MaxValue),
            Bos = bos,
            Eos = eos,
            EndOfTurn = endOfTurn >= 0 ? endOfTurn : FindEndOfTurn(vocabulary),
            AddBos = metadata.Flag(Prefix + "add_bos_token") ?? defaults.AddBos,
            AddEos = metadata.Flag(Prefix + "add_eos_token") ?? defaults.AddEos,
            BosText = bos >= 0 ? vocabulary.Text(bos) : "",
            EosText = eos >= 0 ? vocabulary.Text(eos) : "",
        };
    }

    private static (int Bos, int Eos, bool AddBos, bool AddEos) DefaultsOf(string kind, string pre) => kind switch
    {
        "llama" => (1, 2, true, false),
        "bert" => (101, -1, true, false),
        "t5" => (-1, 1, false, true),
        "gpt2" or "gemma4" => (11, 11, AddsBosByPreTokenizer.Contains(pre), false),
        _ => (-1, -1, false, false),
    };

    /// <summary>An id outside the vocabulary counts as not given, as in llama.cpp.</summary>
    private static int Id(GgufMetadata metadata, string name, int byDefault, Vocabulary vocabulary)
    {
        var id = metadata.Integer(Prefix + name) ?? byDefault;
        if (id < 0 || id >= vocabulary.Count)
            id = byDefault;
        return id < vocabulary.Count ? (int)id : -1;
    }

    private static int FindEndOfTurn(Vocabulary vocabulary)
    {
        var wanted = EndOfTurnTexts.Select(Encoding.UTF8.GetBytes).ToArray();
        var found = Enumerable.Repeat(-1, wanted.Length).ToArray();
        for (var id = 0; id < vocabulary.Count; id++)
        {
            var text = vocabulary.Bytes(id);
            if (text.Length == 0 || text[0] != (byte)'<')
                continue;
            for (var i = 0; i < wanted.Length; i++)
            {
                if (found[i] < 0 && text.SequenceEqual(wanted[i]))
                    found[i] = id;
            }
        }
        return found.FirstOrDefault(id => id >= 0, -1);
    }
}
