using System.Text.Json;

namespace Tandem.Host.Workers;

/// <summary>The running supervisor of a home, as <c>run/host.json</c> has it.</summary>
/// <param name="Start">As <see cref="IProcessSystem.StartTimeOf"/> of <paramref name="Pid"/>.</param>
/// <param name="Url">Where it listens, e.g. <c>http://127.0.0.1:1234</c>.</param>
/// <param name="Instance">As <c>/health</c> answers: tells it from a foreign program on the same port.</param>
public sealed record HostRecord(int Pid, string Start, string Url, string Instance);

/// <summary>
/// One supervisor per TANDEM_HOME: holds a lock on <c>run/host.lock</c>, which the system releases however the process ends, and
/// publishes <c>run/host.json</c> once it listens.
/// </summary>
public sealed class HomeLock : IDisposable
{
    private readonly FileStream _file;
    private readonly HostOptions _options;
    private readonly IProcessSystem _processes;

    private HomeLock(FileStream file, HostOptions options, IProcessSystem processes) =>
        (_file, _options, _processes) = (file, options, processes);

    /// <summary>Null when another supervisor holds the home.</summary>
    /// <exception cref="IOException">The home's folder cannot be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static HomeLock? TryTake(HostOptions options, IProcessSystem processes)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory.CreateDirectory(options.RunFolder);
        var path = Path.Combine(options.RunFolder, "host.lock");
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.Delete(RecordFile(options.HomeFolder));
            return new HomeLock(file, options, processes);
        }
        // Only a lock held by another makes opening an existing file of our own fail like this.
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <summary>Tells where this supervisor listens; call it after it does.</summary>
    public void Publish(string url)
    {
        var self = Environment.ProcessId;
        var record = new HostRecord(self, _processes.StartTimeOf(self) ?? "", url, _options.InstanceId);
        AtomicFile.Write(RecordFile(_options.HomeFolder), JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.HostRecord));
    }

    /// <summary>
    /// The supervisor of a home, if its process lives. Before relying on it, ask <c>/health</c> at its address and compare
    /// <see cref="HostRecord.Instance"/>.
    /// </summary>
    public static HostRecord? FindRunning(string homeFolder, IProcessSystem processes)
    {
        ArgumentNullException.ThrowIfNull(processes);
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(RecordFile(homeFolder)), LedgerJson.Default.HostRecord);
            return record is not null && processes.StartTimeOf(record.Pid) == record.Start && processes.ExecutableOf(record.Pid) is not null
                ? record
                : null;
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        File.Delete(RecordFile(_options.HomeFolder));
        _file.Dispose();
    }

    private static string RecordFile(string homeFolder) => Path.Combine(homeFolder, "run", "host.json");
}
