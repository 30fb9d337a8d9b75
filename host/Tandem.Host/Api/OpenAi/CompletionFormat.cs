using System.Text.Json;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary><c>text_completion</c>, whole and streamed.</summary>
internal sealed class CompletionFormat : AnswerFormat
{
    // Characters of each answer so far, the echo included.
    private readonly Dictionary<int, int> _offsets = [];

    public override string PromptField => "prompt";

    public override ReadAnswerRequest? Read(JsonElement body, long arrivedAt, FieldProblems problems) =>
        CompletionRequestReader.Read(body, arrivedAt, problems);

    public override void WriteStart(EventStream stream, AnswerHead head)
    {
        for (var i = 0; i < head.Options.Echo.Count * head.Options.PerPrompt; i++)
        {
            var echo = EchoOf(head, i);
            _offsets[i] = echo.Length;
            stream.Write(Event(head, new CompletionChoice(i, echo, null, null) { Origin = head.OriginOf([]) }), ApiJson.Wire.Completion);
        }
    }

    public override void WriteDelta(EventStream stream, AnswerHead head, int index, ChatEvent.Delta delta)
    {
        var offset = _offsets.GetValueOrDefault(index);
        var logprobs = delta.Tokens.Count > 0 ? LogprobMapping.ForCompletion(delta.Tokens, ref offset) : null;
        _offsets[index] = offset;
        stream.Write(Event(head, new CompletionChoice(index, delta.Text, logprobs, null) { Origin = head.OriginOf(delta.Origin) }), ApiJson.Wire.Completion);
    }

    public override void WriteFinish(EventStream stream, AnswerHead head, int index, ChatStatistics statistics, IReadOnlyList<ChatStatistics>? last) =>
        stream.Write(Event(head, new CompletionChoice(index, "", null, FinishOf(statistics))) with
        {
            Stats = last is null ? null : ChatMapping.StatsOf(ChatMapping.Together(last)),
            Usage = last is not null && head.Native ? ChatMapping.UsageOf(last, head.Options.PerPrompt) : null,
            ModelInfo = last is null ? null : head.ModelInfo,
            Runtime = last is null ? null : head.Runtime,
        }, ApiJson.Wire.Completion);

    public override void WriteUsage(EventStream stream, AnswerHead head, IReadOnlyList<ChatStatistics> answers) => stream.Write(
        new Completion(head.Id, "text_completion", head.Created, head.Model, head.Model, [])
        {
            Usage = ChatMapping.UsageOf(answers, head.Options.PerPrompt),
            Stats = ChatMapping.StatsOf(ChatMapping.Together(answers)),
        }, ApiJson.Wire.Completion);

    public override Task WriteWholeAsync(Stream body, AnswerHead head, IReadOnlyList<CollectedAnswer> answers, CancellationToken cancellationToken)
    {
        var statistics = answers.Select(answer => answer.Statistics!).ToList();
        var whole = new Completion(
            head.Id, "text_completion", head.Created, head.Model, head.Model, [.. answers.Select((answer, i) => ChoiceOf(head, answer, i))])
        {
            Usage = ChatMapping.UsageOf(statistics, head.Options.PerPrompt),
            Stats = ChatMapping.StatsOf(ChatMapping.Together(statistics)),
            ModelInfo = head.ModelInfo,
            Runtime = head.Runtime,
        };
        return JsonSerializer.SerializeAsync(body, whole, ApiJson.Wire.Completion, cancellationToken);
    }

    private static CompletionChoice ChoiceOf(AnswerHead head, CollectedAnswer answer, int index)
    {
        var echo = EchoOf(head, index);
        var offset = echo.Length;
        return new CompletionChoice(
            index,
            echo + answer.Content,
            head.Options.Logprobs ? LogprobMapping.ForCompletion(answer.Tokens, ref offset) : null,
            FinishOf(answer.Statistics!))
        {
            Origin = head.OriginOf(answer.Origin),
        };
    }

    private static string EchoOf(AnswerHead head, int index) =>
        index / head.Options.PerPrompt is var prompt && prompt < head.Options.Echo.Count ? head.Options.Echo[prompt] : "";

    private static Completion Event(AnswerHead head, CompletionChoice choice) =>
        new(head.Id, "text_completion", head.Created, head.Model, head.Model, [choice]);
}
