using Microsoft.Extensions.Logging;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>What every <see cref="LocalWorker"/> works with.</summary>
internal sealed record LocalWorkerTools(Ledger Ledger, IProcessSystem Processes, WorkerTimes Times, ILogger Logger);

/// <summary>A worker process of this machine.</summary>
internal sealed class LocalWorker : IWorkerProcess
{
    private const int LinesForAnExit = 40;
    private readonly ChildProcess _child;
    private readonly WorkerLogFile _log;
    private readonly string _workerId;
    private readonly Ledger _ledger;
    private readonly IProcessSystem _processes;
    private readonly WorkerTimes _times;
    private readonly ILogger _logger;
    private readonly Task _gone;
    private volatile bool _stopRequested;

    public LocalWorker(string workerId, string token, ChildProcess child, WorkerLogFile log, LocalWorkerTools tools)
    {
        (_workerId, Token, _child, _log) = (workerId, token, child, log);
        (_ledger, _processes, _times, _logger) = (tools.Ledger, tools.Processes, tools.Times, tools.Logger);
        Exited = ExplainExitAsync();
        _gone = CleanUpAsync();
    }

    public string WorkerId => _workerId;

    public int Pid => _child.Pid;

    public string Endpoint { get; private set; } = "";

    public string Token { get; }

    public Task<WorkerExit> Exited { get; }

    public IReadOnlyList<string> LastLines => _child.LastLines(int.MaxValue);

    /// <summary>Takes the worker's start line; null when it can be believed, else why not.</summary>
    public string? Accept(StartLine line, string socketFolder)
    {
        if (line.Pid != Pid)
            return $"it says it is process {line.Pid}, but process {Pid} was started";
        if (line.Protocol < WorkerContract.ProtocolMin)
            return $"it speaks worker contract {line.Protocol}, this Tandem {WorkerContract.ProtocolMin} to {WorkerContract.ProtocolMax}";
        if (!OperatingSystem.IsWindows() && !IsInside(line.Endpoint, socketFolder))
            return $"its endpoint {line.Endpoint} is not in the folder it was given";
        Endpoint = line.Endpoint;
        // The program is only certain now: a script may have replaced itself.
        _ledger.Write(_workerId, Pid);
        return null;
    }

    public async Task StopAsync(TimeSpan grace)
    {
        _stopRequested = true;
        if (_gone.IsCompleted)
            return;
        if (!Exited.IsCompleted)
            _processes.Terminate(Pid);
        if (await _times.EndsWithinAsync(_gone, grace))
            return;
        WorkerLog.Kills(_logger, _workerId, Pid, grace.TotalSeconds);
        _processes.Kill(Pid);
        _child.EndInput();
        if (!await _times.EndsWithinAsync(_gone, _times.Kill))
            WorkerLog.WouldNotDie(_logger, _workerId, Pid);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(_times.Terminate);
    }

    private async Task<WorkerExit> ExplainExitAsync()
    {
        var code = await _child.Exited;
        var exit = FaultExplainer.Explain(code, _child.LastLines(LinesForAnExit));
        if (!_stopRequested && code != 0)
            WorkerLog.Ended(_logger, _workerId, Pid, exit.Cause);
        return exit;
    }

    /// <summary>After the worker's end: whatever it started goes too; then nothing of it is left to remember.</summary>
    private async Task CleanUpAsync()
    {
        await _child.Exited;
        if (_processes.IsGroupAlive(Pid))
            _processes.Kill(Pid);
        while (!await GroupWait.UntilGoneAsync(_processes, Pid, _times.Kill, _times.Clock, CancellationToken.None))
            WorkerLog.WouldNotDie(_logger, _workerId, Pid);
        var exit = await Exited;
        _log.Add($"── {(exit.ExitCode == 0 ? "ended, exit code 0" : exit.Cause)} ──");
        await _log.DisposeAsync();
        _ledger.Remove(_workerId);
        if (Endpoint.StartsWith(UnixScheme, StringComparison.Ordinal))
            File.Delete(Endpoint[UnixScheme.Length..]);
    }

    internal const string UnixScheme = "unix:";

    private static bool IsInside(string endpoint, string folder) =>
        endpoint.StartsWith(UnixScheme, StringComparison.Ordinal)
        && Path.GetDirectoryName(Path.GetFullPath(endpoint[UnixScheme.Length..])) == Path.GetFullPath(folder);
}
