using System.Diagnostics;
using CliWrap;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>What to start.</summary>
/// <param name="Environment">Changes against the supervisor's own; null removes a name. Holds secrets: never logged.</param>
internal sealed record ChildCommand(
    string Executable, IReadOnlyList<string> Arguments, string WorkingFolder, IReadOnlyDictionary<string, string?> Environment)
{
    /// <summary>Takes standard output; null: a start line, then lines of log.</summary>
    public BoundedOutput? Output { get; init; }

    /// <summary>Gets every line that it writes, besides the last ones being kept; returns at once.</summary>
    public Action<string>? OnLine { get; init; }
}

/// <summary>
/// A running child. Its output is drained for as long as it lives, whoever looks at it; its end is seen by pid, because CliWrap's task
/// (and .NET's own wait with redirected output) ends with the pipes, which a grandchild can hold open.
/// </summary>
internal sealed class ChildProcess
{
    /// <summary>How long the pipes may still be read after the exit: last words, unless a grandchild keeps them open.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource _inputEnds = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StartLine> _startLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LogRing _log = new();
    private readonly Action<string>? _onLine;

    private ChildProcess(ChildCommand command, Action<string>? onLine, TimeProvider clock)
    {
        _onLine = onLine;
        var pipesEnd = new CancellationTokenSource();
        var running = Cli.Wrap(command.Executable)
            .WithArguments(command.Arguments)
            .WithWorkingDirectory(command.WorkingFolder)
            .WithEnvironmentVariables(command.Environment)
            .WithValidation(CommandResultValidation.None)
            // Standard input says nothing and stays open: its end tells the child that its supervisor is gone.
            .WithStandardInputPipe(PipeSource.Create((_, cancellationToken) => _inputEnds.Task.WaitAsync(cancellationToken)))
            .WithStandardOutputPipe(PipeTarget.Create((pipe, _) => command.Output is { } output
                ? output.ReadAsync(pipe, pipesEnd.Token)
                : LineReader.ReadAsync(pipe, OnOutput, pipesEnd.Token)))
            .WithStandardErrorPipe(PipeTarget.Create((pipe, _) => LineReader.ReadAsync(pipe, AddLine, pipesEnd.Token)))
            .ExecuteAsync();
        Pid = running.ProcessId;
        Exited = WatchAsync(running.Task, pipesEnd, clock);
    }

    public int Pid { get; }

    /// <summary>The first line on standard output that is a start line.</summary>
    public Task<StartLine> StartLine => _startLine.Task;

    /// <summary>Completes with the exit code (128 + signal number) when the process has gone, whatever became of its pipes.</summary>
    public Task<int> Exited { get; }

    public IReadOnlyList<string> LastLines(int count) => _log.Last(count);

    /// <summary>Closes standard input.</summary>
    public void EndInput() => _inputEnds.TrySetResult();

    /// <summary>Starts the child on the calling thread. Throws what the system says when it cannot.</summary>
    public static ChildProcess Start(ChildCommand command, TimeProvider clock) => new(command, command.OnLine, clock);

    private void OnOutput(string line)
    {
        if (!_startLine.Task.IsCompleted && Protocol.StartLine.TryParse(line) is { } startLine)
            _startLine.TrySetResult(startLine);
        else
            AddLine(line);
    }

    private void AddLine(string line)
    {
        _log.Add(line);
        _onLine?.Invoke(line);
    }

    private async Task<int> WatchAsync(Task<CommandResult> running, CancellationTokenSource pipesEnd, TimeProvider clock)
    {
        await GoneAsync(Pid);
        using var pipes = pipesEnd;
        using var lastWords = new CancellationTokenSource();
        if (await Task.WhenAny(running, Task.Delay(LastWords, clock, lastWords.Token)) != running)
            await pipesEnd.CancelAsync();
        await lastWords.CancelAsync();
        return (await running).ExitCode;
    }

    private static async Task GoneAsync(int pid)
    {
        try
        {
            // A second view of the same child: without pipes of its own it waits for the process alone.
            using var process = Process.GetProcessById(pid);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        catch (ArgumentException)
        {
            // It was gone before it could be looked at.
        }
    }
}
