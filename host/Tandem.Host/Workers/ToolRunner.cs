using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Tandem.Host.Workers;

/// <summary>What became of a command that was run to its end.</summary>
internal abstract record ToolOutcome
{
    /// <param name="Output">Standard output, bounded.</param>
    /// <param name="LastLines">The last lines of standard error.</param>
    public sealed record Ended(int Pid, int ExitCode, string Output, IReadOnlyList<string> LastLines) : ToolOutcome;

    public sealed record TooSlow(int Pid, IReadOnlyList<string> LastLines) : ToolOutcome;

    /// <param name="Reason">What the system said.</param>
    public sealed record NotStarted(string Reason) : ToolOutcome;
}

/// <summary>
/// Runs commands that end by themselves: probes, package managers. They are written down like workers, so that the next start ends what
/// a killed supervisor left running.
/// </summary>
internal sealed class ToolRunner(ChildLauncher launcher, Ledger ledger, WorkerTimes times)
{
    private const int ShownLines = 20;
    private const int NameBytes = 4;

    /// <summary>Waits for the end, at most for <paramref name="bound"/>; ends it when that is over or the token is cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the command has been ended.</exception>
    public async Task<ToolOutcome> RunAsync(ChildCommand command, bool keepInput, TimeSpan bound, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var output = new BoundedOutput();
        ChildProcess child;
        try
        {
            child = await launcher.StartAsync(command with { Output = output });
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return new ToolOutcome.NotStarted(exception.Message);
        }

        var name = $"tool-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes))}";
        var written = ledger.Write(name, child.Pid, anyProgram: true);
        // Nothing is typed here; a worker's probe takes the end of its input for the end of its supervisor.
        if (!keepInput)
            child.EndInput();
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var first = await Task.WhenAny(child.Exited, Task.Delay(bound, times.Clock, over.Token));
            await over.CancelAsync();
            if (first == child.Exited)
                return new ToolOutcome.Ended(child.Pid, await child.Exited, output.Text, child.LastLines(ShownLines));
            await EndAsync(child);
            cancellationToken.ThrowIfCancellationRequested();
            return new ToolOutcome.TooSlow(child.Pid, child.LastLines(ShownLines));
        }
        finally
        {
            child.EndInput();
            if (written)
                ledger.Remove(name);
        }
    }

    private async Task EndAsync(ChildProcess child)
    {
        try
        {
            // A package manager is no group leader: what it started is found by parentage.
            using var process = Process.GetProcessById(child.Pid);
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has ended meanwhile.
        }

        await times.EndsWithinAsync(child.Exited, times.Kill);
    }
}
