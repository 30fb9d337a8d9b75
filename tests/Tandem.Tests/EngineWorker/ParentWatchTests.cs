using System.Diagnostics;
using FakeEngine.Scripts;
using Grpc.Core;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.EngineWorker;

/// <summary>Whatever becomes of the supervisor, its worker and what that started do not outlive it.</summary>
public sealed class ParentWatchTests
{
    private const int KilledExitCode = 128 + 9;

    private static readonly FakeScript WithGrandchild = new() { Faults = new() { Grandchild = true } };

    [Fact]
    public async Task The_end_of_standard_input_kills_the_worker_and_its_group()
    {
        await using var worker = await WorkerUnderTest.StartAsync(WithGrandchild);

        worker.Process.StandardInput.Close();

        Assert.Equal(KilledExitCode, await worker.ExitAsync());
        await GroupIsGone(worker);
    }

    [Fact]
    public async Task The_death_of_the_parent_kills_the_worker_and_its_group_although_standard_input_stays_open()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has a parent-death signal");
        await using var parent = await WorkerUnderTest.StartAsync(WithGrandchild, null, "--spawn");
        Assert.NotEqual(parent.Process.Id, parent.Line!.Pid);

        parent.Process.Kill();

        await GroupIsGone(parent);
    }

    [Fact]
    public async Task A_worker_whose_supervisor_is_already_gone_does_not_start()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no parent to compare");
        await using var worker = await WorkerUnderTest.StartAsync(null, "/bin/sh", "-c", $"TANDEM_SUPERVISOR_PID=$PPID '{TestOutput.FakeEngine}'; exit 9");

        Assert.Equal("", worker.FirstLine);
        Assert.Equal(9, await worker.ExitAsync());
    }

    [Fact]
    public async Task Terminate_with_the_supervisor_alive_ends_in_good_order()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM");
        await using var worker = await WorkerUnderTest.StartAsync();
        await worker.LoadAsync(new FakeScript { Answers = [new() { Steps = [["tick "]], Repeat = true, StepMs = 1 }] });
        using var call = worker.Client.Generate(new GenerateRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await SignalAsync("TERM", worker.Process.Id);

        GenerateResponse? last = null;
        using var bound = new CancellationTokenSource(WorkerUnderTest.Bound);
        await foreach (var message in call.ResponseStream.ReadAllAsync(bound.Token))
            last = message;
        Assert.Equal(FinishReason.ModelUnloaded, last?.Finished?.Reason);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task The_worker_leads_a_process_group_of_its_own()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        await using var worker = await WorkerUnderTest.StartAsync();

        var stat = await File.ReadAllTextAsync($"/proc/{worker.Process.Id}/stat");

        var group = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[2];
        Assert.Equal($"{worker.Process.Id}", group);
    }

    [Theory]
    [InlineData(WorkerContract.TokenVariable)]
    [InlineData(WorkerContract.SupervisorPidVariable)]
    [InlineData(WorkerContract.SocketDirectoryVariable)]
    [InlineData(WorkerContract.RuntimeDirectoryVariable)]
    public async Task A_missing_variable_is_named_in_one_line_with_exit_code_2(string variable)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "uses env");
        await using var worker = await WorkerUnderTest.StartAsync(null, "/usr/bin/env", "-u", variable, TestOutput.FakeEngine);

        Assert.Equal(2, await worker.ExitAsync());
        var line = Assert.Single((await worker.ErrorsAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(variable, line);
    }

    [Fact]
    public async Task A_socket_folder_that_others_can_open_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no socket folder");
        var open = Directory.CreateTempSubdirectory("tw-");
        UnixFiles.SetMode(open.FullName, UnixFiles.ModeOf(open.FullName) | UnixFileMode.GroupExecute);
        await using var worker = await WorkerUnderTest.StartAsync(
            null, "/usr/bin/env", $"{WorkerContract.SocketDirectoryVariable}={open.FullName}", TestOutput.FakeEngine);

        Assert.Equal(Tandem.Engine.Worker.WorkerServer.CannotListen, await worker.ExitAsync());
        Assert.Contains("0700", await worker.ErrorsAsync());
        open.Delete();
    }

    /// <summary>Every process of the group holds the write end of the pipe: its end is the end of the last of them.</summary>
    private static async Task GroupIsGone(WorkerUnderTest worker)
        => await worker.Process.StandardOutput.ReadToEndAsync().WaitAsync(WorkerUnderTest.Bound);

    private static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {pid}"]);
        await kill.WaitForExitAsync();
    }
}
