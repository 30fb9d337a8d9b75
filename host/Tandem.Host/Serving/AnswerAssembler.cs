using Google.Protobuf.Collections;
using Tandem.Host.Chat;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Makes the deltas of an answer of a worker's steps: whole characters, reasoning and content apart. For one answer.</summary>
/// <param name="splitter">Null: all is content.</param>
/// <param name="keepTokens">Deltas carry their tokens.</param>
internal sealed class AnswerAssembler(ReasoningSplitter? splitter, bool keepTokens)
{
    private readonly TextAssembler _text = new();
    private readonly List<ReasoningSplitter.Piece> _pieces = [];

    // Origins of characters that the splitter holds; tokens of which no text has come yet.
    private readonly List<OriginRun> _runs = [];
    private readonly List<Token> _tokens = [];

    public int ReasoningTokens { get; private set; }

    /// <summary>What a step completes; usually one delta, or none.</summary>
    public IReadOnlyList<ChatEvent.Delta> Add(RepeatedField<Token> tokens)
    {
        if (keepTokens)
            _tokens.AddRange(tokens);
        if (splitter is null || (splitter.IsThrough && _runs.Count == 0))
            return WithTokens(_text.Add(tokens) is { } whole ? [whole] : []);
        foreach (var token in tokens)
        {
            if (_text.Add(token) is { } delta)
                Hold(delta);
            ReasoningTokens += splitter.IsInside ? 1 : 0;
        }

        return WithTokens(Release());
    }

    public IReadOnlyList<ChatEvent.Delta> Finish()
    {
        var rest = _text.Finish();
        if (splitter is null)
            return WithTokens(rest is null ? [] : [rest], last: true);
        if (rest is not null)
            Hold(rest);
        splitter.Finish(_pieces);
        return WithTokens(Release(), last: true);
    }

    private void Hold(ChatEvent.Delta delta)
    {
        foreach (var run in delta.Origin)
            OriginRun.Append(_runs, run);
        splitter!.Add(delta.Text, _pieces);
    }

    private List<ChatEvent.Delta> Release()
    {
        var deltas = new List<ChatEvent.Delta>();
        foreach (var piece in _pieces)
        {
            var origin = Cut(piece.Text.Length);
            var reasoning = piece.Kind == ReasoningSplitter.PieceKind.Reasoning;
            if (piece.Kind == ReasoningSplitter.PieceKind.Dropped)
            {
                // The characters go, their tokens still count: with what comes next.
                _runs.InsertRange(0, origin.Where(run => run.Tokens > 0).Select(run => run with { Characters = 0 }));
                continue;
            }

            if (deltas is [.., var last] && last.Reasoning == reasoning)
                deltas[^1] = last with { Text = last.Text + piece.Text, Origin = Join(last.Origin, origin) };
            else
                deltas.Add(new ChatEvent.Delta(piece.Text, origin) { Reasoning = reasoning });
        }

        _pieces.Clear();
        return deltas;
    }

    /// <summary>The origins of so many characters, taken off what is held.</summary>
    private List<OriginRun> Cut(int length)
    {
        var cut = new List<OriginRun>();
        while (length > 0)
        {
            // A run that is cut has counted all its tokens with its first part.
            var run = _runs[0];
            var taken = Math.Min(run.Characters, length);
            OriginRun.Append(cut, run with { Characters = taken });
            length -= taken;
            if (taken == run.Characters)
                _runs.RemoveAt(0);
            else
                _runs[0] = run with { Characters = run.Characters - taken, Tokens = 0 };
        }

        return cut;
    }

    private static List<OriginRun> Join(IReadOnlyList<OriginRun> left, List<OriginRun> right)
    {
        List<OriginRun> joined = [.. left];
        right.ForEach(run => OriginRun.Append(joined, run));
        return joined;
    }

    /// <summary>Tokens go with the first delta behind them; at the end without text if need be.</summary>
    private List<ChatEvent.Delta> WithTokens(List<ChatEvent.Delta> deltas, bool last = false)
    {
        if (_tokens.Count == 0 || (deltas.Count == 0 && !last))
            return deltas;
        if (deltas.Count == 0)
            deltas.Add(new ChatEvent.Delta("", []));
        deltas[0] = deltas[0] with { Tokens = [.. _tokens] };
        _tokens.Clear();
        return deltas;
    }
}
