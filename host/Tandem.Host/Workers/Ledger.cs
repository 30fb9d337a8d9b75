using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Workers;

/// <summary>A worker as written down: enough to recognise it later, and only it.</summary>
/// <param name="Group">Its process group; its own pid once it has made one.</param>
/// <param name="StartTime">As <see cref="IProcessSystem.StartTimeOf"/>: guards against a pid that was given to somebody else.</param>
/// <param name="Executable">Its program; empty for a command that may replace itself by another.</param>
internal sealed record LedgerEntry(
    int Pid, int Group, string StartTime, string Executable, int SupervisorPid, string SupervisorStartTime);

/// <summary>
/// One file per worker in <c>TANDEM_HOME/run/workers/</c>, so that a supervisor that starts after a crash can end what the crashed one
/// left behind. Written when the worker starts, removed when its group is gone.
/// </summary>
public sealed class Ledger
{
    private readonly string _folder;
    private readonly IProcessSystem _processes;
    private readonly ILogger<Ledger> _logger;

    public Ledger(HostOptions options, IProcessSystem processes, ILogger<Ledger> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_folder, _processes, _logger) = (Path.Combine(options.RunFolder, "workers"), processes, logger);
    }

    /// <summary>Writes a worker down. False when it has gone already.</summary>
    internal bool Write(string workerId, int pid, bool anyProgram = false)
    {
        if (_processes.StartTimeOf(pid) is not { } start || _processes.ExecutableOf(pid) is not { } executable)
            return false;
        var self = Environment.ProcessId;
        var entry = new LedgerEntry(pid, pid, start, anyProgram ? "" : executable, self, _processes.StartTimeOf(self) ?? "");
        AtomicFile.Write(FileOf(workerId), JsonSerializer.SerializeToUtf8Bytes(entry, LedgerJson.Default.LedgerEntry));
        return true;
    }

    internal void Remove(string workerId) => File.Delete(FileOf(workerId));

    /// <summary>
    /// Kills every worker whose supervisor is gone and that is still the process written down; forgets all that are gone.
    /// Those of a living supervisor are left alone.
    /// </summary>
    /// <returns>Pids that were killed.</returns>
    public async Task<IReadOnlyList<int>> SweepAsync(WorkerTimes times, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(times);
        var killed = new List<int>();
        if (!Directory.Exists(_folder))
            return killed;
        foreach (var file in Directory.GetFiles(_folder, "*.json"))
        {
            var entry = Read(file);
            // A supervisor that is dead and not yet reaped has no program any more.
            if (entry is not null && IsSame(entry.SupervisorPid, entry.SupervisorStartTime) && _processes.ExecutableOf(entry.SupervisorPid) is not null)
                continue;
            if (entry is not null && IsStillThere(entry))
            {
                LedgerLog.EndsOrphan(_logger, entry.Pid, entry.Executable.Length > 0 ? entry.Executable : "a command");
                _processes.Kill(entry.Group);
                killed.Add(entry.Pid);
                await GroupWait.UntilGoneAsync(_processes, entry.Group, times.Kill, times.Clock, cancellationToken);
            }

            File.Delete(file);
        }

        return killed;
    }

    private string FileOf(string workerId) => Path.Combine(_folder, workerId + ".json");

    private bool IsSame(int pid, string startTime) => startTime.Length > 0 && _processes.StartTimeOf(pid) == startTime;

    // A dead, unreaped process has no program any more, but still holds its pid: its group may live on.
    private bool IsStillThere(LedgerEntry entry) =>
        IsSame(entry.Pid, entry.StartTime)
        && (entry.Executable.Length == 0 || _processes.ExecutableOf(entry.Pid) is not { } executable || executable == entry.Executable)
        && _processes.IsGroupAlive(entry.Group);

    private static LedgerEntry? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), LedgerJson.Default.LedgerEntry);
        }
        catch (Exception exception) when (exception is JsonException or IOException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(LedgerEntry))]
[JsonSerializable(typeof(HostRecord))]
internal sealed partial class LedgerJson : JsonSerializerContext;

internal static partial class LedgerLog
{
    [LoggerMessage(1040, LogLevel.Warning, "Ending worker {Pid} ({Executable}), left behind by a supervisor that is gone")]
    public static partial void EndsOrphan(ILogger logger, int pid, string executable);
}
