using System.Diagnostics;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Workers;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.Workers;

public sealed class LocalWorkerHostTests
{
    [Fact]
    public async Task A_worker_starts_in_a_group_of_its_own_and_leaves_nothing_behind()
    {
        await using var home = new FakeHome();
        var worker = await home.StartWorkerAsync();
        var socket = worker.Endpoint["unix:".Length..];
        Assert.Equal([worker.Pid], ProcessList.InGroup(worker.Pid));
        Assert.True(File.Exists(socket));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, UnixFiles.ModeOf(Path.GetDirectoryName(socket)!));
        Assert.InRange(socket.Length, 1, 100);
        Assert.Single(Ledger(home));
        await worker.DisposeAsync().AsTask().WaitAsync(FakeHome.Bound);
        Assert.Equal(0, (await worker.Exited).ExitCode);
        Assert.False(ProcessList.IsAlive(worker.Pid));
        Assert.False(File.Exists(socket));
        Assert.Empty(Ledger(home));
    }

    [Fact]
    public async Task Secrets_are_in_the_environment_and_not_in_the_arguments_and_nothing_else_is_inherited()
    {
        Environment.SetEnvironmentVariable("TANDEM_TEST_FOREIGN_SECRET", "s3cret");
        await using var home = new FakeHome();
        await using var worker = await home.StartWorkerAsync();
        var environment = await File.ReadAllTextAsync($"/proc/{worker.Pid}/environ");
        Assert.Contains($"{WorkerContract.TokenVariable}={worker.Token}", environment, StringComparison.Ordinal);
        Assert.Contains("PATH=", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", environment, StringComparison.Ordinal);
        Assert.DoesNotContain(worker.Token, await File.ReadAllTextAsync($"/proc/{worker.Pid}/cmdline"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1, 1, "exit code 1")]
    [InlineData(11, null, 139, "SIGSEGV")]
    [InlineData(5, null, 133, "SIGTRAP")]
    [InlineData(4, null, 132, "SIGILL")]
    [InlineData(9, null, 137, "SIGKILL")]
    public async Task A_worker_that_dies_at_its_start_is_reported_with_code_signal_and_last_lines(int? signal, int? exit, int code, string name)
    {
        var fault = new FakeFault { Signal = signal, Exit = exit, Message = "the last words" };
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { Spawn = fault } });
        var failure = await FailureAsync(home);
        Assert.Equal(FailureCodes.WorkerCrashed, failure.Code);
        Assert.Contains($"exit code {code}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Contains("the last words", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.NextStep);
        Assert.Empty(Ledger(home));
    }

    [Fact]
    public async Task A_grandchild_that_holds_the_output_does_not_hold_up_the_notice_and_goes_too()
    {
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { Grandchild = true } });
        var worker = await home.StartWorkerAsync();
        var clock = Stopwatch.StartNew();
        using (var process = Process.GetProcessById(worker.Pid))
            process.Kill(entireProcessTree: false);
        var exit = await worker.Exited.WaitAsync(FakeHome.Bound);
        TestContext.Current.SendDiagnosticMessage($"noticed after {clock.Elapsed.TotalMilliseconds:0} ms");
        Assert.Equal(137, exit.ExitCode);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
        await worker.DisposeAsync().AsTask().WaitAsync(FakeHome.Bound);
        Assert.Empty(ProcessList.InGroup(worker.Pid));
    }

    [Fact]
    public async Task A_worker_that_ignores_termination_is_killed_with_its_group()
    {
        var times = new WorkerTimes { Terminate = TimeSpan.FromMilliseconds(200) };
        await using var home = new FakeHome(
            new FakeScript { Faults = new FakeFaults { IgnoreSigterm = true, Grandchild = true } }, services => services.AddSingleton(times));
        var worker = await home.StartWorkerAsync();
        await worker.DisposeAsync().AsTask().WaitAsync(FakeHome.Bound);
        Assert.Equal("SIGKILL", (await worker.Exited).Signal);
        Assert.Empty(ProcessList.InGroup(worker.Pid));
    }

    [Fact]
    public async Task A_frozen_worker_is_ended()
    {
        var times = new WorkerTimes { Terminate = TimeSpan.FromMilliseconds(200) };
        await using var home = new FakeHome(configure: services => services.AddSingleton(times));
        var worker = await home.StartWorkerAsync();
        const int SigStop = 19;
        Assert.Equal(0, Signals.Send(worker.Pid, SigStop));
        await worker.DisposeAsync().AsTask().WaitAsync(FakeHome.Bound);
        Assert.False(ProcessList.IsAlive(worker.Pid));
    }

    [Fact]
    public async Task A_flood_on_standard_error_blocks_nobody()
    {
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { StderrLines = 20_000 } });
        await using var worker = await home.StartWorkerAsync();
        Assert.InRange(worker.LastLines.Count, 1, 2000);
    }

    [Theory]
    [InlineData("hello", "did not say where it listens")]
    [InlineData("{\"endpoint\":\"{endpoint}\",\"pid\":1,\"protocol\":1}", "process 1")]
    [InlineData("{\"endpoint\":\"unix:/tmp/somebody-else.s\",\"pid\":{pid},\"protocol\":1}", "not in the folder")]
    [InlineData("{\"endpoint\":\"{endpoint}\",\"pid\":{pid},\"protocol\":0}", "worker contract 0")]
    public async Task A_start_line_that_cannot_be_believed_is_refused(string line, string reason)
    {
        var times = new WorkerTimes { StartLine = TimeSpan.FromSeconds(3) };
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { StartLine = line } }, services => services.AddSingleton(times));
        var failure = await FailureAsync(home);
        Assert.Equal(FailureCodes.RuntimeBroken, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Empty(ProcessList.Mentioning(home.RuntimeFolder));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        await using var home = new FakeHome();
        var order = home.Order();
        order = order with { Plan = order.Plan with { Executable = "/nowhere/worker" } };
        var failure = Assert.IsType<WorkerStart.Failed>(await home.Get<IWorkerHost>().StartAsync(order, CancellationToken.None)).Failure;
        Assert.Equal(FailureCodes.RuntimeBroken, failure.Code);
        Assert.Contains("/nowhere/worker", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_nothing_running()
    {
        await using var home = new FakeHome(new FakeScript { Faults = new FakeFaults { Spawn = new FakeFault { Hang = true } } });
        using var cancel = new CancellationTokenSource();
        var starting = home.Get<IWorkerHost>().StartAsync(home.Order(), cancel.Token);
        await Until.TrueAsync(() => Ledger(home).Length == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting).WaitAsync(FakeHome.Bound);
        Assert.Empty(Ledger(home));
        Assert.Empty(ProcessList.Mentioning(home.RuntimeFolder));
    }

    private static string[] Ledger(FakeHome home)
    {
        var folder = Path.Combine(home.Options.RunFolder, "workers");
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [];
    }

    private static async Task<Failure> FailureAsync(FakeHome home) =>
        Assert.IsType<WorkerStart.Failed>(await home.Get<IWorkerHost>().StartAsync(home.Order(), CancellationToken.None).WaitAsync(FakeHome.Bound)).Failure;
}
