using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Tandem.Host.Serving;

/// <summary>Outcome of starting the answers of one request.</summary>
internal abstract record GroupStart
{
    /// <param name="Group">To be disposed, which gives the workers back.</param>
    public sealed record Started(AnswerGroup Group) : GroupStart;

    public sealed record Refused(Failure Failure) : GroupStart;
}

/// <summary>The answers of one request (<c>n</c>, or several prompts), read together. Read once.</summary>
internal sealed class AnswerGroup : IDisposable
{
    private const int Buffered = 64;

    private readonly List<ChatSession> _sessions = [];

    private AnswerGroup()
    {
    }

    public ChatSession First => _sessions[0];

    public int Count => _sessions.Count;

    /// <summary>All of them, or none: the first refusal is the group's.</summary>
    public static async Task<GroupStart> StartAsync(ChatService chats, IReadOnlyList<ChatRequest> requests, CancellationToken cancellationToken)
    {
        var group = new AnswerGroup();
        Failure? failure = null;
        try
        {
            foreach (var request in requests)
            {
                var start = await chats.StartAsync(request, cancellationToken);
                failure = (start as ChatStart.Refused)?.Failure;
                if (failure is not null)
                    break;
                group._sessions.Add(((ChatStart.Started)start).Session);
            }
        }
        catch
        {
            group.Dispose();
            throw;
        }

        if (failure is null)
            return new GroupStart.Started(group);
        group.Dispose();
        return new GroupStart.Refused(failure);
    }

    /// <summary>Events of all answers as they come, each with the index of its answer; those of one answer in order.</summary>
    public async IAsyncEnumerable<(int Index, ChatEvent Event)> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_sessions is [var only])
        {
            await foreach (var chatEvent in only.ReadAsync(cancellationToken))
                yield return (0, chatEvent);
            yield break;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var channel = Channel.CreateBounded<(int, ChatEvent)>(Buffered);
        var readers = Task.WhenAll(_sessions.Select((session, i) => PumpAsync(session, i, channel.Writer, stop.Token)));
        var closing = CloseAsync(readers, channel.Writer);
        try
        {
            await foreach (var item in channel.Reader.ReadAllAsync(cancellationToken))
                yield return item;
        }
        finally
        {
            // Whoever stops reading early cancels the rest; no reader outlives this.
            await stop.CancelAsync();
            await closing;
        }
    }

    public void Dispose() => _sessions.ForEach(session => session.Dispose());

    private static async Task PumpAsync(ChatSession session, int index, ChannelWriter<(int, ChatEvent)> output, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await foreach (var chatEvent in session.ReadAsync(cancellationToken))
            await output.WriteAsync((index, chatEvent), cancellationToken);
    }

    private static async Task CloseAsync(Task readers, ChannelWriter<(int, ChatEvent)> output)
    {
        Exception? problem = null;
        try
        {
            await readers;
        }
        catch (Exception exception)
        {
            problem = exception;
        }

        output.Complete(problem);
    }
}
