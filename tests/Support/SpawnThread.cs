using System.Collections.Concurrent;
using System.Diagnostics;

namespace Tandem.Tests.Support;

/// <summary>
/// Starts processes from one thread that lives as long as the test run: on Linux a worker gets its parent-death signal when the
/// <em>thread</em> that started it ends, and pool threads do end.
/// </summary>
internal static class SpawnThread
{
    private static readonly BlockingCollection<Action> Orders = [];

    static SpawnThread() => new Thread(() =>
    {
        foreach (var order in Orders.GetConsumingEnumerable())
            order();
    })
    {
        IsBackground = true,
        Name = "spawn",
    }.Start();

    public static Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Orders.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start"));
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }
}
