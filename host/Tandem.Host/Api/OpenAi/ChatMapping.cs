using Tandem.Host.Api.Native;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Api.OpenAi;

/// <summary>From what <c>Serving/</c> says to what clients read.</summary>
internal static class ChatMapping
{
    public static ChatStats StatsOf(ChatStatistics statistics) =>
        new(statistics.TokensPerSecond, statistics.TimeToFirstToken, statistics.GenerationTime, statistics.StopReason)
        {
            DraftModel = statistics.Draft?.Model,
            TotalDraftTokensCount = statistics.Draft?.Total,
            AcceptedDraftTokensCount = statistics.Draft?.Accepted,
            RejectedDraftTokensCount = statistics.Draft?.Rejected,
            IgnoredDraftTokensCount = statistics.Draft?.Ignored,
            SpeculationNote = statistics.SpeculationNote,
            DroppedTokensCount = statistics.DroppedTokens > 0 ? statistics.DroppedTokens : null,
        };

    /// <param name="answers">Of one request, in the order of their indexes.</param>
    /// <param name="perPrompt">So many of them answer one prompt, which counts once.</param>
    public static Usage UsageOf(IReadOnlyList<ChatStatistics> answers, int perPrompt)
    {
        var prompts = answers.Where((_, i) => i % perPrompt == 0).ToList();
        var prompt = prompts.Sum(one => one.PromptTokens);
        var emitted = answers.Sum(one => one.EmittedTokens);
        return new Usage(prompt, emitted, prompt + emitted,
            new PromptTokensDetails(prompts.Sum(one => one.CachedTokens)), new CompletionTokensDetails(answers.Sum(one => one.ReasoningTokens)));
    }

    /// <summary>The figures of all answers of a request together: rates over the longest, counts added up.</summary>
    public static ChatStatistics Together(IReadOnlyList<ChatStatistics> answers)
    {
        if (answers is [var only])
            return only;
        var seconds = answers.Max(one => one.GenerationTime);
        var drafts = answers.Select(one => one.Draft).OfType<DraftStatistics>().ToList();
        return answers[0] with
        {
            GenerationTime = seconds,
            TokensPerSecond = seconds > 0 ? answers.Sum(one => one.EmittedTokens) / seconds : 0,
            TimeToFirstToken = answers.Min(one => one.TimeToFirstToken),
            EmittedTokens = answers.Sum(one => one.EmittedTokens),
            DroppedTokens = answers.Max(one => one.DroppedTokens),
            Draft = drafts.Count == 0 ? null : new DraftStatistics(drafts[0].Model,
                drafts.Sum(one => one.Total), drafts.Sum(one => one.Accepted), drafts.Sum(one => one.Rejected), drafts.Sum(one => one.Ignored)),
            SpeculationNote = answers.Select(one => one.SpeculationNote).FirstOrDefault(note => note is not null),
        };
    }

    public static string FinishReasonOf(ChatStatistics statistics) =>
        statistics.StopReason is "maxPredictedTokensReached" or "contextLengthReached" ? "length" : "stop";

    public static OriginSpan[] OriginOf(IReadOnlyList<OriginRun> runs)
    {
        var spans = new OriginSpan[runs.Count];
        for (var i = 0; i < spans.Length; i++)
            spans[i] = new OriginSpan(runs[i].Characters, NameOf(runs[i].From), runs[i].Tokens);
        return spans;
    }

    public static ModelInfo ModelInfoOf(ChatSession session) => new(
        session.Model.Description?.Architecture ?? session.Loaded.Architecture,
        session.Model.Description?.Quantization ?? "",
        session.Model.Source.Format,
        session.Loaded.ContextLength);

    public static RuntimeName RuntimeOf(ChatSession session)
    {
        var runtime = session.Runtime;
        return new RuntimeName(
            $"{runtime.EngineId}-{runtime.OperatingSystem}-{runtime.Architecture}-{runtime.Variant}", runtime.EngineVersion, runtime.Formats);
    }

    /// <summary>A worker names fields of its own contract; the client gets the name it knows.</summary>
    /// <param name="prompt">What the client calls the prompt.</param>
    public static Failure FailureOf(Failure failure, string prompt) => failure.Param is { } field ? failure with { Param = FieldOf(field, prompt) } : failure;

    private static string FieldOf(string field, string prompt) => field switch
    {
        "sampling.repetition_penalty" => "repeat_penalty",
        _ when field.StartsWith("prompt", StringComparison.Ordinal) => prompt,
        _ when field.StartsWith("model.", StringComparison.Ordinal) => "model",
        _ when field.StartsWith("sampling.", StringComparison.Ordinal) => field["sampling.".Length..],
        _ => field,
    };

    private static string NameOf(Origin origin) => origin switch
    {
        Origin.Draft => "draft",
        Origin.Ngram => "ngram",
        _ => "main",
    };
}
