using System.Text;
using System.Text.Json;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Api.OpenAi;

/// <summary>What an endpoint makes of answers: its own objects of the same events. One for every request.</summary>
internal abstract class AnswerFormat
{
    /// <summary>What the client calls the prompt.</summary>
    public abstract string PromptField { get; }

    /// <summary>Null when a field is wrong: <paramref name="problems"/> has it.</summary>
    public abstract ReadAnswerRequest? Read(JsonElement body, long arrivedAt, FieldProblems problems);

    /// <summary>What every answer of a stream begins with.</summary>
    public abstract void WriteStart(EventStream stream, AnswerHead head);

    public abstract void WriteDelta(EventStream stream, AnswerHead head, int index, ChatEvent.Delta delta);

    /// <param name="last">The last answer of the request that ends: the event carries the figures of all.</param>
    public abstract void WriteFinish(EventStream stream, AnswerHead head, int index, ChatStatistics statistics, IReadOnlyList<ChatStatistics>? last);

    public abstract void WriteUsage(EventStream stream, AnswerHead head, IReadOnlyList<ChatStatistics> answers);

    public abstract Task WriteWholeAsync(Stream body, AnswerHead head, IReadOnlyList<CollectedAnswer> answers, CancellationToken cancellationToken);

    protected static string FinishOf(ChatStatistics statistics) => ChatMapping.FinishReasonOf(statistics);
}

/// <summary>What all objects of one response share.</summary>
/// <param name="Native">LM Studio's v0: the answer also tells its model and runtime.</param>
internal sealed record AnswerHead(string Id, long Created, ChatSession Session, AnswerOptions Options, bool Native)
{
    public string Model => Session.Model.Key;

    public Native.ModelInfo? ModelInfo => Native ? ChatMapping.ModelInfoOf(Session) : null;

    public Native.RuntimeName? Runtime => Native ? ChatMapping.RuntimeOf(Session) : null;

    public IReadOnlyList<OriginSpan>? OriginOf(IReadOnlyList<OriginRun> runs) => Options.IncludeDraftOrigin ? ChatMapping.OriginOf(runs) : null;
}

/// <summary>One answer put together for a response that is not streamed.</summary>
internal sealed class CollectedAnswer
{
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _reasoning = new();

    public string Content => _content.ToString();

    /// <summary>Null when there is none.</summary>
    public string? Reasoning => _reasoning.Length == 0 ? null : _reasoning.ToString();

    public List<OriginRun> Origin { get; } = [];

    public List<Token> Tokens { get; } = [];

    /// <summary>Null until the answer has ended.</summary>
    public ChatStatistics? Statistics { get; set; }

    public void Add(ChatEvent.Delta delta)
    {
        (delta.Reasoning ? _reasoning : _content).Append(delta.Text);
        Tokens.AddRange(delta.Tokens);
        if (delta.Reasoning)
            return;
        foreach (var run in delta.Origin)
            OriginRun.Append(Origin, run);
    }
}
