using System.Buffers;
using System.Text;
using FakeEngine.Scripts;
using Google.Protobuf;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>
/// A token is a Unicode code point; behind them come the control tokens, then the longer pieces of the script in order of appearance.
/// </summary>
internal sealed class FakeTokenizer
{
    public const int Bos = 0x110000;
    public const int Eos = 0x110001;
    private const int FirstPiece = 0x110010;

    private readonly FakeTokenizerFacts _facts;
    private readonly List<ByteString> _pieces = [];
    private readonly Dictionary<ByteString, int> _ids = [];

    public FakeTokenizer(FakeScript script)
    {
        _facts = script.Tokenizer;
        foreach (var token in script.Answers.SelectMany(answer => answer.Steps).SelectMany(step => step))
            IdOf(token);
        Info = new TokenizerInfo
        {
            Kind = _facts.Kind,
            PreTokenizer = _facts.PreTokenizer,
            Size = _facts.Size > 0 ? _facts.Size : (uint)(FirstPiece + _pieces.Count),
            PaddedSize = _facts.Size > 0 ? _facts.Size : (uint)(FirstPiece + _pieces.Count),
            Fingerprint = _facts.Fingerprint,
            Bos = Bos,
            Eos = Eos,
            Eot = -1,
            AddBos = _facts.AddBos,
            AddEos = _facts.AddEos,
            BosText = _facts.BosText,
            EosText = _facts.EosText,
            EndOfGeneration = { Eos },
            FimPrefix = _facts.FimPrefix,
            FimSuffix = _facts.FimSuffix,
            FimMiddle = _facts.FimMiddle,
        };
    }

    public TokenizerInfo Info { get; }

    public static ByteString PieceOf(FakeToken token)
        => token.Hex.Length > 0 ? ByteString.CopyFrom(Convert.FromHexString(token.Hex)) : ByteString.CopyFromUtf8(token.Text);

    public int IdOf(FakeToken token)
    {
        if (token.Hex.Length == 0 && Rune.DecodeFromUtf16(token.Text, out var rune, out var used) == OperationStatus.Done && used == token.Text.Length)
            return rune.Value;
        var piece = PieceOf(token);
        if (_ids.TryGetValue(piece, out var id))
            return id;
        id = FirstPiece + _pieces.Count;
        _pieces.Add(piece);
        _ids.Add(piece, id);
        return id;
    }

    /// <summary>Ids of a prompt; its own marks become control tokens only in segments that may hold them.</summary>
    public List<int> Encode(Prompt? prompt)
    {
        var ids = new List<int>();
        if (prompt is null)
            return ids;
        if (prompt.AddSpecial && _facts.AddBos)
            ids.Add(Bos);
        foreach (var segment in prompt.Segments)
        {
            switch (segment.ContentCase)
            {
                case Segment.ContentOneofCase.Text:
                    Append(ids, segment.Text.Text, segment.Text.ParseSpecial);
                    break;
                case Segment.ContentOneofCase.Tokens:
                    ids.AddRange(segment.Tokens.Ids);
                    break;
                case Segment.ContentOneofCase.Media:
                    throw Refusal.InvalidArgument("images_not_supported", "prompt.segments", "the fake engine takes no media");
                default:
                    throw Refusal.InvalidArgument("invalid_value", "prompt.segments", "a segment is empty");
            }
        }

        if (prompt.AddSpecial && _facts.AddEos)
            ids.Add(Eos);
        return ids;
    }

    public byte[] Decode(IEnumerable<int> ids, bool withControl)
    {
        var text = new MemoryStream();
        foreach (var id in ids)
            text.Write(Piece(id, withControl).Span);
        return text.ToArray();
    }

    public ByteString Piece(int id, bool withControl) => id switch
    {
        Bos => withControl ? ByteString.CopyFromUtf8(_facts.BosText) : ByteString.Empty,
        Eos => withControl ? ByteString.CopyFromUtf8(_facts.EosText) : ByteString.Empty,
        >= FirstPiece when id - FirstPiece < _pieces.Count => _pieces[id - FirstPiece],
        _ when Rune.IsValid(id) => ByteString.CopyFromUtf8(new Rune(id).ToString()),
        _ => throw Refusal.InvalidArgument("invalid_value", "ids", $"there is no token {id}"),
    };

    private void Append(List<int> ids, ReadOnlySpan<char> text, bool parseSpecial)
    {
        while (text.Length > 0)
        {
            if (parseSpecial && (TakeMark(ref text, _facts.BosText, Bos, ids) || TakeMark(ref text, _facts.EosText, Eos, ids)))
                continue;
            Rune.DecodeFromUtf16(text, out var rune, out var used);
            ids.Add(rune.Value);
            text = text[used..];
        }
    }

    private static bool TakeMark(ref ReadOnlySpan<char> text, string mark, int id, List<int> ids)
    {
        if (mark.Length == 0 || !text.StartsWith(mark, StringComparison.Ordinal))
            return false;
        ids.Add(id);
        text = text[mark.Length..];
        return true;
    }
}
