using System.ComponentModel.DataAnnotations;
using Tandem.Host.Serving;
using Tandem.Host.Workers;

namespace Tandem.Host.Api.Management;

/// <summary>Loaded models, models that are being loaded, and ones that have crashed, in order of their instances. Sizes in bytes, times in seconds.</summary>
internal sealed record WorkerList(IReadOnlyList<WorkerItem> Workers);

/// <param name="Id">Of the worker; null when there is no process.</param>
/// <param name="State"><c>absent</c>, <c>spawning</c>, <c>handshaking</c>, <c>loading</c>, <c>ready</c>, <c>busy</c>, <c>draining</c>, <c>stopping</c>, <c>stopped</c> or <c>faulted</c>.</param>
/// <param name="StopCause">Why it was stopped: <c>evicted</c>, <c>unloaded_by_user</c>, <c>idle</c> or <c>supervisor_stops</c>.</param>
/// <param name="Ttl">It is unloaded after so long without use; null: never.</param>
internal sealed record WorkerItem(
    string? Id, string Instance, string Model,
    [property: AllowedValues("absent", "spawning", "handshaking", "loading", "ready", "busy", "draining", "stopping", "stopped", "faulted")] string State,
    [property: AllowedValues("evicted", "unloaded_by_user", "idle", "supervisor_stops", null)] string? StopCause,
    int? Pid, string? Draft, string? Engine, string? Runtime,
    double Progress, string? Phase, bool LoadedByUser, double? Ttl, DateTimeOffset LastUsed, int Leases, int Waiting, long Completed,
    int Restarts, DateTimeOffset? StartedAt, DateTimeOffset? ReadyAt, WorkerMemoryItem Memory, int? ContextLength, int? Parallel,
    FailureItem? LastFault, DateTimeOffset? LastFaultAt, DateTimeOffset? RetryAt)
{
    public static WorkerItem Of(InstanceSnapshot instance, IProcessSystem processes)
    {
        var worker = instance.Worker;
        var loaded = worker?.Loaded;
        var state = instance.Gone ? WorkerState.Stopped : worker?.State ?? (instance.LastFault is null ? WorkerState.Absent : WorkerState.Faulted);
        return new WorkerItem(
            worker?.WorkerId, instance.InstanceId, instance.ModelKey, state.ToString().ToLowerInvariant(), CauseOf(worker?.StopCause), worker?.Pid,
            worker?.DraftKey, worker?.EngineId, worker?.RuntimeId, worker?.Progress ?? 0,
            state == WorkerState.Loading ? worker!.Phase.ToString().ToLowerInvariant() : null,
            instance.ByUser, instance.Ttl?.TotalSeconds, instance.LastUsed, instance.Leases, instance.Waiting, worker?.Completed ?? 0,
            instance.Restarts, worker?.StartedAt, worker?.ReadyAt,
            new WorkerMemoryItem(
                instance.EstimatedBytes,
                worker?.Pid is { } pid && !worker.IsFinal ? processes.PrivateBytesOf(pid) : null,
                [.. (worker?.Stats?.Memory ?? loaded?.Memory ?? []).Select(device => new DeviceMemoryItem(
                    device.Device, (long)device.Weights, (long)device.KvCache, (long)device.Compute, (long)device.Draft))]),
            (int?)loaded?.ContextLength, (int?)loaded?.Parallel,
            FailureItem.Of(worker?.Fault?.Failure ?? instance.LastFault), instance.LastFaultAt, instance.RetryAt);
    }

    private static string? CauseOf(StopCause? cause) => cause switch
    {
        null => null,
        Workers.StopCause.Evicted => "evicted",
        Workers.StopCause.UnloadedByUser => "unloaded_by_user",
        Workers.StopCause.Idle => "idle",
        _ => "supervisor_stops",
    };
}

/// <param name="Estimated">Before the start, from headers; 0: not known.</param>
/// <param name="Private">Of the process now: its own, not mapped from files; null: not known.</param>
internal sealed record WorkerMemoryItem(long Estimated, long? Private, IReadOnlyList<DeviceMemoryItem> Devices);

internal sealed record DeviceMemoryItem(string Device, long Weights, long KvCache, long Compute, long Draft);

/// <summary>The last lines that a worker wrote, oldest first.</summary>
internal sealed record WorkerLogLines(string Id, IReadOnlyList<string> Lines);
