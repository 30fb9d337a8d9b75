using System.Diagnostics;
using System.Net;
using FakeEngine.Scripts;
using Tandem.Host.Workers;
using Tandem.Tests.Support;

namespace Tandem.Tests.Workers;

/// <summary>A worker is killed at every phase of its life: the caller of a chat is told at once, with code, signal and last lines.</summary>
public sealed class DeathNoticeTests(ITestOutputHelper output)
{
    private const int SigKill = 9;

    [Theory]
    [InlineData("spawn", WorkerState.Spawning)]
    [InlineData("handshake", WorkerState.Handshaking)]
    [InlineData("load", WorkerState.Loading)]
    [InlineData("ready", WorkerState.Loading)]
    [InlineData("answer", WorkerState.Busy)]
    public async Task The_caller_is_told_within_a_second_of_the_death(string phase, WorkerState state)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "finds the process in the ledger and sends it a signal");
        var hang = new FakeFault { Hang = true, Message = "the last words", When = "hang" };
        await using var host = await HostUnderTest.StartAsync(("m", new FakeScript
        {
            Answers = [new() { Steps = [["tick "]], Repeat = phase == "answer", StepMs = 5 }],
            Faults = new FakeFaults { Load = phase == "load" ? hang : null, Ready = phase == "ready" ? hang : null, Stream = phase == "answer" ? hang : null },
        }));
        host.Script(new FakeScript { Faults = new FakeFaults { Spawn = phase == "spawn" ? hang : null, Handshake = phase == "handshake" ? hang : null } });
        var asking = host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("m", "hang"));
        var log = WorkerLogFile.PathOf(host.Options, "test/m");
        await Until.TrueAsync(() => host.Server.Workers is [var worker] && worker.State == state && PidOf(host) is not null
            && File.Exists(log) && File.ReadAllText(log).Contains("the last words", StringComparison.Ordinal));
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, Signals.Send(PidOf(host)!.Value, SigKill));
        var (status, body) = await asking;
        output.WriteLine($"{phase}: told {clock.Elapsed.TotalMilliseconds:0} ms after the death (goal 1000)");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        var error = body.GetProperty("error");
        Assert.Equal("worker_crashed", error.GetProperty("code").GetString());
        Assert.Contains("137 (SIGKILL)", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("the last words", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    /// <summary>From the ledger: a worker is written down before anybody knows its snapshot's pid.</summary>
    private static int? PidOf(HostUnderTest host)
    {
        var folder = Path.Combine(host.Options.RunFolder, "workers");
        if (!Directory.Exists(folder) || Directory.GetFiles(folder, "*.json") is not [var file])
            return null;
        return HostUnderTest.Parse(File.ReadAllText(file)).GetProperty("pid").GetInt32();
    }
}
