using System.Text.Json;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary><c>chat.completion</c> and <c>chat.completion.chunk</c>.</summary>
internal sealed class ChatFormat : AnswerFormat
{
    private readonly HashSet<int> _begun = [];

    public override string PromptField => "messages";

    public override ReadAnswerRequest? Read(JsonElement body, long arrivedAt, FieldProblems problems) => ChatRequestReader.Read(body, arrivedAt, problems);

    /// <summary>The role comes with the first delta.</summary>
    public override void WriteStart(EventStream stream, AnswerHead head)
    {
    }

    public override void WriteDelta(EventStream stream, AnswerHead head, int index, ChatEvent.Delta delta)
    {
        var logprobs = delta.Tokens.Count > 0 ? LogprobMapping.ForChat(delta.Tokens) : null;
        stream.Write(Chunk(head, new ChunkChoice(index, new ChatDelta
        {
            Role = _begun.Add(index) ? "assistant" : null,
            Content = delta.Reasoning ? null : delta.Text,
            ReasoningContent = delta.Reasoning ? delta.Text : null,
            Origin = head.OriginOf(delta.Origin),
        }, logprobs, null)), ApiJson.Wire.ChatChunk);
    }

    /// <summary>
    /// The statistics are in the chunk with the finish reason, and again in the usage chunk when that is asked for: whichever is last has them.
    /// </summary>
    public override void WriteFinish(EventStream stream, AnswerHead head, int index, ChatStatistics statistics, IReadOnlyList<ChatStatistics>? last)
    {
        if (_begun.Add(index))
            stream.Write(Chunk(head, new ChunkChoice(index, new ChatDelta { Role = "assistant", Content = "" }, null, null)), ApiJson.Wire.ChatChunk);
        stream.Write(Chunk(head, new ChunkChoice(index, ChatDelta.Empty, null, FinishOf(statistics))) with
        {
            Stats = last is null ? null : ChatMapping.StatsOf(ChatMapping.Together(last)),
            Usage = last is not null && head.Native ? ChatMapping.UsageOf(last, head.Options.PerPrompt) : null,
            ModelInfo = last is null ? null : head.ModelInfo,
            Runtime = last is null ? null : head.Runtime,
        }, ApiJson.Wire.ChatChunk);
    }

    public override void WriteUsage(EventStream stream, AnswerHead head, IReadOnlyList<ChatStatistics> answers) => stream.Write(
        new ChatChunk(head.Id, "chat.completion.chunk", head.Created, head.Model, head.Model, [])
        {
            Usage = ChatMapping.UsageOf(answers, head.Options.PerPrompt),
            Stats = ChatMapping.StatsOf(ChatMapping.Together(answers)),
        }, ApiJson.Wire.ChatChunk);

    public override Task WriteWholeAsync(Stream body, AnswerHead head, IReadOnlyList<CollectedAnswer> answers, CancellationToken cancellationToken)
    {
        var statistics = answers.Select(answer => answer.Statistics!).ToList();
        var whole = new ChatCompletion(
            head.Id, "chat.completion", head.Created, head.Model, head.Model,
            [.. answers.Select((answer, i) => ChoiceOf(head, answer, i))],
            ChatMapping.UsageOf(statistics, head.Options.PerPrompt),
            ChatMapping.StatsOf(ChatMapping.Together(statistics)))
        {
            ModelInfo = head.ModelInfo,
            Runtime = head.Runtime,
        };
        return JsonSerializer.SerializeAsync(body, whole, ApiJson.Wire.ChatCompletion, cancellationToken);
    }

    private static ChatChoice ChoiceOf(AnswerHead head, CollectedAnswer answer, int index) => new(
        index,
        new ChatAnswer("assistant", answer.Content) { ReasoningContent = answer.Reasoning, Origin = head.OriginOf(answer.Origin) },
        head.Options.Logprobs ? LogprobMapping.ForChat(answer.Tokens) : null,
        FinishOf(answer.Statistics!));

    private static ChatChunk Chunk(AnswerHead head, ChunkChoice choice) =>
        new(head.Id, "chat.completion.chunk", head.Created, head.Model, head.Model, [choice]);
}
