using System.Text.Json;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.OpenAi;

/// <summary>Reads the body of a completion request: one prompt or several, as texts or as token ids.</summary>
internal static class CompletionRequestReader
{
    /// <summary>Null when a field is wrong: <paramref name="problems"/> has it.</summary>
    /// <param name="arrivedAt">Timestamp at which the request came in.</param>
    public static ReadAnswerRequest? Read(JsonElement body, long arrivedAt, FieldProblems problems)
    {
        var fields = new JsonFields(body, "", problems);
        var model = GenerationFields.ReadModel(fields, problems);
        var prompts = PromptReader.Read(fields, "prompt", GenerationFields.MostAnswers, problems);
        var suffix = fields.Text("suffix");
        var echo = fields.Flag("echo") ?? false;
        var top = fields.Whole("logprobs", 0, GenerationFields.MostLogprobs);
        var options = GenerationFields.ReadOptions(fields);
        RefuseUnsupported(fields, prompts, options, echo, top, problems);
        var request = GenerationFields.Read(fields, new ChatRequest { Model = model, TopLogprobs = top, ArrivedAt = arrivedAt }, problems);
        if (problems.Any)
            return null;
        var answers = prompts.SelectMany(prompt => ReadAnswerRequest.Repeat(
            request with { Plain = new PlainPrompt(prompt.Text, prompt.Tokens, string.IsNullOrEmpty(suffix) ? null : suffix) }, options.PerPrompt));
        return new ReadAnswerRequest([.. answers], options with
        {
            Logprobs = top is not null,
            Echo = echo ? [.. prompts.Select(prompt => prompt.Text!)] : [],
        });
    }

    private static void RefuseUnsupported(
        JsonFields fields, IReadOnlyList<ReadPrompt> prompts, AnswerOptions options, bool echo, int? top, FieldProblems problems)
    {
        if (prompts.Count * options.PerPrompt > GenerationFields.MostAnswers)
            problems.Add("n", $"so small that prompts times n is at most {GenerationFields.MostAnswers}");
        if (fields.Whole("best_of", 1, GenerationFields.MostAnswers) is { } best && best != options.PerPrompt)
            GenerationFields.NotSupported(problems, "best_of", "Choosing the best of several answers is not supported.");
        if (echo && top is not null)
            GenerationFields.NotSupported(problems, "echo", "Log probabilities of the prompt are not supported.");
        if (echo && prompts.Any(prompt => prompt.Text is null))
            GenerationFields.NotSupported(problems, "echo", "A prompt of token ids cannot be echoed.");
        if (fields.Has("suffix") && prompts.Any(prompt => prompt.Text is null))
            GenerationFields.NotSupported(problems, "suffix", "A prompt of token ids cannot have a suffix.");
    }
}
