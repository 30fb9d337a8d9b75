using Tandem.Host.Chat;

namespace Tandem.Tests.Chat;

/// <summary>However an answer is cut into pieces, its reasoning is the same.</summary>
public sealed class ReasoningSplitterTests
{
    [Theory]
    [InlineData("<think>\nHm <b>x</b>\n</think>\n\nYes </think>.", false, "Hm <b>x</b>", "Yes </think>.")]
    [InlineData(" \n<think>a</think>b", false, "a", "b")]
    [InlineData("Hm.\n</think>\nYes", true, "Hm.", "Yes")]
    [InlineData("<think>never closed </thin", false, "never closed </thin", "")]
    [InlineData("<thin air> and <think>", false, "", "<thin air> and <think>")]
    [InlineData("\n\nplain", false, "", "\n\nplain")]
    [InlineData("<think></think>", false, "", "")]
    [InlineData("<thi", false, "", "<thi")]
    [InlineData("", true, "", "")]
    public void Every_cut_gives_the_same(string text, bool inside, string reasoning, string content)
    {
        for (var size = 1; size <= Math.Max(1, text.Length); size++)
            Assert.Equal((reasoning, content, text), Split(text.Chunk(size).Select(piece => new string(piece)), inside));
    }

    private static (string Reasoning, string Content, string All) Split(IEnumerable<string> texts, bool inside)
    {
        var splitter = new ReasoningSplitter(inside);
        var pieces = new List<ReasoningSplitter.Piece>();
        foreach (var text in texts)
            splitter.Add(text, pieces);
        splitter.Finish(pieces);
        string Of(params ReasoningSplitter.PieceKind[] kinds) => string.Concat(pieces.Where(piece => kinds.Contains(piece.Kind)).Select(piece => piece.Text));
        return (Of(ReasoningSplitter.PieceKind.Reasoning), Of(ReasoningSplitter.PieceKind.Content), Of(Enum.GetValues<ReasoningSplitter.PieceKind>()));
    }
}
