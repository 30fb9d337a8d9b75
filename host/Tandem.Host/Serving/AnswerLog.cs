using System.Collections.Immutable;

namespace Tandem.Host.Serving;

/// <summary>An answer that has ended.</summary>
/// <param name="Statistics">Null: it did not come to its end.</param>
/// <param name="Failure">Null with no statistics: its reader went away.</param>
public sealed record AnswerRecord(string Id, DateTimeOffset At, string Worker, string Model, ChatStatistics? Statistics, Failure? Failure);

/// <summary>Told of every answer that ends; returns at once.</summary>
public delegate void AnswerEnded(AnswerRecord answer);

/// <summary>The last answers, whoever asked. Kept in memory only.</summary>
public sealed class AnswerLog(TimeProvider time, AnswerEnded onEnd)
{
    private const int Kept = 200;

    private ImmutableList<AnswerRecord> _answers = [];

    /// <summary>Newest first.</summary>
    public IReadOnlyList<AnswerRecord> Answers => _answers.Reverse();

    internal void Add(string id, Lease lease, ChatStatistics? statistics, Failure? failure)
    {
        var answer = new AnswerRecord(id, time.GetUtcNow(), lease.WorkerId, lease.Model.Key, statistics, failure);
        ImmutableInterlocked.Update(ref _answers, all => (all.Count < Kept ? all : all.RemoveAt(0)).Add(answer));
        onEnd(answer);
    }
}
