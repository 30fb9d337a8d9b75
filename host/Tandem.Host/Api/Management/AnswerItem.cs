using System.ComponentModel.DataAnnotations;
using Tandem.Host.Api.OpenAi;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.Management;

/// <summary>An answer that has ended.</summary>
/// <param name="Worker">Id of the worker that gave it.</param>
/// <param name="State"><c>completed</c>, <c>failed</c> or <c>cancelled</c> (its reader went away).</param>
/// <param name="Tokens">Emitted; null unless it was completed.</param>
internal sealed record AnswerItem(
    string Id, DateTimeOffset At, string Worker, string Model,
    [property: AllowedValues("completed", "failed", "cancelled")] string State,
    int? Tokens, ChatStats? Stats, FailureItem? Error)
{
    public static AnswerItem Of(AnswerRecord answer) => new(
        answer.Id, answer.At, answer.Worker, answer.Model,
        answer switch { { Failure: not null } => "failed", { Statistics: not null } => "completed", _ => "cancelled" },
        answer.Statistics?.EmittedTokens,
        answer.Statistics is { } statistics ? ChatMapping.StatsOf(statistics) : null,
        FailureItem.Of(answer.Failure));
}

/// <summary>Newest first.</summary>
internal sealed record AnswerList(IReadOnlyList<AnswerItem> Answers);
