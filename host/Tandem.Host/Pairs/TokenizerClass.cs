using System.Security.Cryptography;
using System.Text;
using Tandem.Plugins;

namespace Tandem.Host.Pairs;

/// <summary>
/// Models that every pair rule treats alike: of one engine, kind and tokenizer. A thousand models fall into a few dozen of these, and
/// rules are asked once per pair of classes.
/// </summary>
internal sealed record TokenizerClass(string EngineId, ModelKind Kind, TokenizerDescription? Tokenizer)
{
    public static TokenizerClass Of(ModelDescription model) => new(model.EngineId, model.Kind, model.Tokenizer);

    /// <summary>The same in every run of one build of the plugin: what the index is cached by.</summary>
    /// <param name="build">Id of the plugin's build; another one may judge otherwise.</param>
    public string Id(Guid build)
    {
        var text = Tokenizer is not { } tokenizer ? "none" : string.Join('\n', tokenizer.Kind, tokenizer.PreTokenizer, tokenizer.Fingerprint,
            tokenizer.Size, tokenizer.PaddedSize, tokenizer.Bos, tokenizer.Eos, tokenizer.EndOfTurn, tokenizer.AddBos, tokenizer.AddEos,
            tokenizer.BosText, tokenizer.EosText);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{build:N}\n{EngineId}\n{Kind}\n{text}")));
        return Convert.ToHexStringLower(hash.AsSpan(0, 12));
    }
}
