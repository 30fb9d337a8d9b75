using System.Runtime.InteropServices;

namespace Tandem.Cli;

/// <summary>
/// Turns the first Ctrl-C or SIGTERM into a cancellation, so that whatever runs can end cleanly. A second one ends the process at once;
/// workers notice that themselves.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Take(context, ExitCodes.Interrupted)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Take(context, ExitCodes.Terminated)),
    ];

    public CancellationToken Token => _cancellation.Token;

    /// <summary>The exit code that goes with the signal; 0 while there was none.</summary>
    public int ExitCode { get; private set; }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _cancellation.Dispose();
    }

    private void Take(PosixSignalContext context, int exitCode)
    {
        if (Interlocked.Increment(ref _signals) > 1)
            return;
        context.Cancel = true;
        ExitCode = exitCode;
        _cancellation.Cancel();
    }
}
