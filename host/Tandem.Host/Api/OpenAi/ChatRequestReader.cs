using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Reads the body of a chat request. Every field is checked; the first wrong one is named. Unknown fields are ignored.</summary>
internal static class ChatRequestReader
{
    /// <summary>Null when a field is wrong: <paramref name="problems"/> has it.</summary>
    /// <param name="arrivedAt">Timestamp at which the request came in.</param>
    public static ReadAnswerRequest? Read(JsonElement body, long arrivedAt, FieldProblems problems)
    {
        var fields = new JsonFields(body, "", problems);
        var chat = ChatMessageReader.Read(fields, problems);
        var top = ReadTopLogprobs(fields, problems);
        var request = GenerationFields.Read(fields, new ChatRequest
        {
            Model = GenerationFields.ReadModel(fields, problems),
            Messages = chat.Messages,
            FirstImage = chat.FirstImage,
            ContinueFinalMessage = ReadContinuation(fields, chat, problems),
            TemplateArguments = ReadTemplateArguments(fields, problems),
            TopLogprobs = top,
            ArrivedAt = arrivedAt,
        }, problems);
        var options = GenerationFields.ReadOptions(fields) with { Logprobs = top is not null };
        return problems.Any ? null : new ReadAnswerRequest([.. ReadAnswerRequest.Repeat(request, options.PerPrompt)], options);
    }

    private static int? ReadTopLogprobs(JsonFields fields, FieldProblems problems)
    {
        var wanted = fields.Flag("logprobs") ?? false;
        var top = fields.Whole("top_logprobs", 0, GenerationFields.MostLogprobs);
        if (top > 0 && !wanted)
            problems.Add("top_logprobs", "absent unless 'logprobs' is true");
        return wanted ? top ?? 0 : null;
    }

    private static bool ReadContinuation(JsonFields fields, ReadMessages chat, FieldProblems problems)
    {
        var wanted = fields.Flag("continue_final_message") ?? false;
        if (wanted && chat.Messages is not [.., { Role: "assistant" }])
            problems.Add("continue_final_message", "absent unless the last message is the assistant's");
        return wanted;
    }

    private static JsonObject? ReadTemplateArguments(JsonFields fields, FieldProblems problems)
    {
        var given = fields.Find("chat_template_kwargs");
        if (given is { ValueKind: not JsonValueKind.Object })
            problems.Add("chat_template_kwargs", "an object");
        var arguments = given is { ValueKind: JsonValueKind.Object } value && JsonTree.Of(value, "chat_template_kwargs", problems) is JsonObject tree ? tree : [];
        if (fields.Text("reasoning_effort") is { } effort)
            arguments["reasoning_effort"] = effort;
        return arguments.Count == 0 ? null : arguments;
    }
}
