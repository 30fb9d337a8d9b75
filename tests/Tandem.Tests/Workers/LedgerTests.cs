using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Workers;
using Tandem.Tests.Support;

namespace Tandem.Tests.Workers;

public sealed class LedgerTests : IDisposable
{
    private static readonly WorkerTimes Times = new();
    private readonly HostOptions _options = new() { HomeFolder = Directory.CreateTempSubdirectory("tl-").FullName };
    private readonly List<Process> _started = [];

    public void Dispose()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
                process.Kill();
            process.Dispose();
        }

        Directory.Delete(_options.HomeFolder, recursive: true);
    }

    [Fact]
    public async Task A_worker_whose_supervisor_is_gone_is_ended()
    {
        var orphan = await WrittenAsync(entry => entry with { SupervisorStartTime = "long ago" });
        Assert.Equal([orphan.Id], await SweepAsync());
        await orphan.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(FakeHome.Bound);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_worker_of_a_living_supervisor_is_left_alone()
    {
        var worker = await WrittenAsync(entry => entry);
        Assert.Empty(await SweepAsync());
        Assert.True(ProcessList.IsAlive(worker.Id));
        Assert.Single(Files());
    }

    [Fact]
    public async Task A_pid_that_was_given_to_another_process_is_spared()
    {
        var stranger = await WrittenAsync(entry => entry with { SupervisorStartTime = "long ago", StartTime = "before" });
        Assert.Empty(await SweepAsync());
        Assert.True(ProcessList.IsAlive(stranger.Id));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Another_program_under_the_same_pid_is_spared()
    {
        var stranger = await WrittenAsync(entry => entry with { SupervisorStartTime = "long ago", Executable = "/usr/bin/other" });
        Assert.Empty(await SweepAsync());
        Assert.True(ProcessList.IsAlive(stranger.Id));
    }

    [Fact]
    public async Task What_is_gone_or_unreadable_is_forgotten()
    {
        var gone = await WrittenAsync(entry => entry with { SupervisorStartTime = "long ago" });
        gone.Kill();
        await gone.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(FakeHome.Bound);
        await File.WriteAllTextAsync(Path.Combine(_options.RunFolder, "workers", "broken.json"), "{ half");
        Assert.Empty(await SweepAsync());
        Assert.Empty(Files());
    }

    [Fact]
    public void A_home_belongs_to_one_supervisor_and_says_where_it_listens()
    {
        using var first = HomeLock.TryTake(_options, ProcessSystem.Current);
        Assert.NotNull(first);
        Assert.Null(HomeLock.TryTake(_options, ProcessSystem.Current));
        Assert.Null(HomeLock.FindRunning(_options.HomeFolder, ProcessSystem.Current));
        first.Publish("http://127.0.0.1:5");
        var record = HomeLock.FindRunning(_options.HomeFolder, ProcessSystem.Current);
        Assert.Equal(("http://127.0.0.1:5", _options.InstanceId, Environment.ProcessId), (record?.Url, record?.Instance, record?.Pid));
        first.Dispose();
        Assert.Null(HomeLock.FindRunning(_options.HomeFolder, ProcessSystem.Current));
        using var second = HomeLock.TryTake(_options, ProcessSystem.Current);
        Assert.NotNull(second);
    }

    [Fact]
    public void The_record_of_a_supervisor_that_is_gone_is_not_believed()
    {
        var record = new HostRecord(Environment.ProcessId, "long ago", "http://127.0.0.1:5", "x");
        AtomicFile.Write(
            Path.Combine(_options.RunFolder, "host.json"), JsonSerializer.SerializeToUtf8Bytes(record, LedgerJson.Default.HostRecord));
        Assert.Null(HomeLock.FindRunning(_options.HomeFolder, ProcessSystem.Current));
    }

    private Task<IReadOnlyList<int>> SweepAsync() =>
        new Ledger(_options, ProcessSystem.Current, NullLogger<Ledger>.Instance).SweepAsync(Times, CancellationToken.None);

    /// <summary>Starts a process and writes it down as a worker.</summary>
    private async Task<Process> WrittenAsync(Func<LedgerEntry, LedgerEntry> change)
    {
        var process = await SpawnThread.StartAsync(new ProcessStartInfo(TestOutput.FakeEngine, ["--hold"]));
        _started.Add(process);
        var ledger = FakeHome.LedgerOf(_options);
        Assert.True(ledger.Write("w1", process.Id));
        var file = Assert.Single(Files());
        var entry = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file), LedgerJson.Default.LedgerEntry)!;
        Assert.Equal(process.Id, entry.Pid);
        AtomicFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(change(entry), LedgerJson.Default.LedgerEntry));
        return process;
    }

    private string[] Files()
    {
        var folder = Path.Combine(_options.RunFolder, "workers");
        return Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
    }
}
