using System.Text;
using CsCheck;
using Google.Protobuf;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Tests.Serving;

public sealed class TextAssemblerTests
{
    private static readonly string[] Letters = ["a", "ß", "€", "🙂", "\n"];

    /// <summary>Texts with every length of character; bytes of them cut anywhere; tokens in steps of any size.</summary>
    private static readonly Gen<(string Text, int[] Cuts, int StepSize)> Pieces = Gen.Select(
        Gen.Int[0, Letters.Length - 1].Select(i => Letters[i]).Array[0, 40].Select(string.Concat), Gen.Int[1, 5].Array[1, 60], Gen.Int[1, 4]);

    [Fact]
    public void Text_comes_out_as_it_was_however_its_bytes_are_cut() => Pieces.Sample(piece =>
    {
        var deltas = Assemble(Encoding.UTF8.GetBytes(piece.Text), piece.Cuts, piece.StepSize);
        return string.Concat(deltas.Select(delta => delta.Text)) == piece.Text
            && deltas.All(delta => delta.Text.Length == delta.Origin.Sum(run => run.Characters))
            && deltas.All(delta => !char.IsLowSurrogate(delta.Text[0]) && !char.IsHighSurrogate(delta.Text[^1]));
    });

    [Fact]
    public void Any_bytes_come_out_as_a_decoder_would_read_them_at_once() =>
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int[1, 5].Array[1, 60], Gen.Int[1, 4]).Sample((bytes, cuts, stepSize) =>
            string.Concat(Assemble(bytes, cuts, stepSize).Select(delta => delta.Text)) == Encoding.UTF8.GetString(bytes));

    [Fact]
    public void A_character_belongs_to_the_token_that_completes_it()
    {
        var assembler = new TextAssembler();
        var delta = assembler.Add([TokenOf([(byte)'a', 0xe2], Origin.Main), TokenOf([0x82, 0xac, (byte)'b'], Origin.Draft), TokenOf("c"u8, Origin.Draft)]);
        Assert.Equal("a€bc", delta!.Text);
        Assert.Equal([new OriginRun(1, Origin.Main, 1), new OriginRun(3, Origin.Draft, 2)], delta.Origin);
    }

    [Fact]
    public void Control_tokens_are_no_text()
    {
        var assembler = new TextAssembler();
        Assert.Null(assembler.Add([new Token { Control = true, ControlText = "<|end|>", Piece = ByteString.CopyFromUtf8("<|end|>") }]));
        Assert.Null(assembler.Finish());
    }

    private static List<ChatEvent.Delta> Assemble(byte[] bytes, int[] cuts, int stepSize)
    {
        var tokens = new List<Token>();
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            var length = Math.Min(cuts[i % cuts.Length], bytes.Length - at);
            tokens.Add(TokenOf(bytes.AsSpan(at, length), i % 2 == 0 ? Origin.Main : Origin.Draft));
            at += length;
        }

        var assembler = new TextAssembler();
        var deltas = tokens.Chunk(stepSize).Select(step => assembler.Add([.. step])).ToList();
        return [.. deltas.Append(assembler.Finish()).OfType<ChatEvent.Delta>()];
    }

    private static Token TokenOf(ReadOnlySpan<byte> bytes, Origin origin) => new() { Piece = ByteString.CopyFrom(bytes), Origin = origin };
}
