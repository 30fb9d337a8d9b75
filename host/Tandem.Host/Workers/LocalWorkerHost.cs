using System.ComponentModel;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>Workers as processes of this machine. One per home, and only while its <see cref="HomeLock"/> is held.</summary>
public sealed class LocalWorkerHost : IWorkerHost, IDisposable
{
    private readonly HostOptions _options;
    private readonly ChildLauncher _launcher;
    private readonly Ledger _ledger;
    private readonly IProcessSystem _processes;
    private readonly WorkerTimes _times;
    private readonly ILogger<LocalWorkerHost> _logger;
    private readonly Lazy<(SocketFolder? Folder, string Problem)> _sockets;

    public LocalWorkerHost(
        HostOptions options, ChildLauncher launcher, Ledger ledger, IProcessSystem processes, WorkerTimes times, ILogger<LocalWorkerHost> logger)
    {
        (_options, _launcher, _ledger, _processes, _times, _logger) = (options, launcher, ledger, processes, times, logger);
        _sockets = new(() =>
        {
            var folder = SocketFolder.Create(options.HomeFolder, Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"), out var problem);
            return (folder, problem);
        });
        if (OperatingSystem.IsWindows())
            SupervisorJob.Enter();
    }

    public void Dispose()
    {
        if (_sockets.IsValueCreated)
            _sockets.Value.Folder?.Remove();
    }

    public async Task<WorkerStart> StartAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (_sockets.Value.Folder is not { } sockets)
            return Broken(order, _sockets.Value.Problem, "Set XDG_RUNTIME_DIR to a folder of your own.");
        cancellationToken.ThrowIfCancellationRequested();

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var log = new WorkerLogFile(WorkerLogFile.PathOf(_options, order.InstanceId), _times.Clock);
        ChildProcess child;
        try
        {
            child = await _launcher.StartAsync(CommandFor(order, token, sockets) with { OnLine = log.Add });
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            await log.DisposeAsync();
            return Broken(order, $"{order.Plan.Executable} cannot be started: {exception.Message}", "Install the engine again.");
        }

        WorkerLog.Spawned(_logger, order.WorkerId, child.Pid, order.Runtime.Id);
        log.Add($"── worker {order.WorkerId}, process {child.Pid}, {order.Runtime.Id} ──");
        _ledger.Write(order.WorkerId, child.Pid);
        var worker = new LocalWorker(order.WorkerId, token, child, log, new LocalWorkerTools(_ledger, _processes, _times, _logger));
        var problem = await AwaitStartLineAsync(worker, child, sockets, cancellationToken);
        if (problem is null)
            return new WorkerStart.Started(worker);
        await worker.DisposeAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return new WorkerStart.Failed(problem);
    }

    private ChildCommand CommandFor(WorkerOrder order, string token, SocketFolder sockets)
    {
        var given = new Dictionary<string, string>
        {
            [WorkerContract.TokenVariable] = token,
            [WorkerContract.SupervisorPidVariable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            [WorkerContract.SocketDirectoryVariable] = sockets.Path,
            [WorkerContract.RuntimeDirectoryVariable] = order.Runtime.Folder,
        };
        return new ChildCommand(
            order.Plan.Executable,
            order.Plan.Arguments,
            Path.GetDirectoryName(order.Plan.Executable) ?? _options.HomeFolder,
            ChildEnvironment.Changes(Environment.GetEnvironmentVariables(), order.Plan.Environment, given));
    }

    /// <summary>Null when the worker said where it is and it is the process that was started.</summary>
    private async Task<Failure?> AwaitStartLineAsync(
        LocalWorker worker, ChildProcess child, SocketFolder sockets, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var late = Task.Delay(_times.StartLine, _times.Clock, over.Token);
        var first = await Task.WhenAny(child.StartLine, worker.Exited, late);
        await over.CancelAsync();
        if (first == worker.Exited)
        {
            var exit = await worker.Exited;
            return new Failure(FailureCodes.WorkerCrashed, $"The worker ended before it was ready, {exit.Cause}", NextStep: exit.NextStep);
        }

        if (first == late)
        {
            var said = child.LastLines(3) is { Count: > 0 } lines ? $"it wrote: {string.Join(" | ", lines)}" : "it wrote nothing";
            return new Failure(
                FailureCodes.RuntimeBroken,
                $"The worker did not say where it listens within {_times.StartLine.TotalSeconds:0.#} s; {said}.",
                NextStep: "Install the engine again, or select another runtime.");
        }

        return worker.Accept(await child.StartLine, sockets.Path) is { } lie
            ? new Failure(FailureCodes.RuntimeBroken, $"The worker was refused: {lie}.", NextStep: "Install the engine again.")
            : null;
    }

    private static WorkerStart.Failed Broken(WorkerOrder order, string reason, string nextStep) =>
        new(new Failure(FailureCodes.RuntimeBroken, $"Runtime {order.Runtime.Id} does not start: {reason}.", NextStep: nextStep));
}
