using System.Collections.Concurrent;

namespace Tandem.Host.Workers;

/// <summary>
/// The only place that starts processes. All are started by one thread that lives as long as this object: Linux sends a child its
/// parent-death signal when the <em>thread</em> that forked it ends, and threads of the pool come and go.
/// </summary>
public sealed class ChildLauncher : IDisposable
{
    private readonly BlockingCollection<Spawn> _spawns = [];
    private readonly TimeProvider _clock;

    public ChildLauncher(WorkerTimes times)
    {
        ArgumentNullException.ThrowIfNull(times);
        _clock = times.Clock;
        new Thread(Run) { IsBackground = true, Name = "child launcher" }.Start();
    }

    /// <summary>End this after every child.</summary>
    public void Dispose() => _spawns.CompleteAdding();

    /// <summary>Faults with what the system said when the child cannot be started.</summary>
    internal Task<ChildProcess> StartAsync(ChildCommand command)
    {
        var spawn = new Spawn(command, new TaskCompletionSource<ChildProcess>(TaskCreationOptions.RunContinuationsAsynchronously));
        _spawns.Add(spawn);
        return spawn.Result.Task;
    }

    private void Run()
    {
        foreach (var spawn in _spawns.GetConsumingEnumerable())
        {
            try
            {
                spawn.Result.SetResult(ChildProcess.Start(spawn.Command, _clock));
            }
            catch (Exception exception)
            {
                spawn.Result.SetException(exception);
            }
        }

        _spawns.Dispose();
    }

    private sealed record Spawn(ChildCommand Command, TaskCompletionSource<ChildProcess> Result);
}
