using System.Diagnostics;
using System.Runtime.InteropServices;
using FakeEngine.Scripts;
using Tandem.Engine.Worker;

namespace FakeEngine;

/// <summary>Makes scripted faults happen.</summary>
internal static partial class FaultPoint
{
    /// <summary>Verb with which this executable plays its own grandchild: it waits for a signal, whatever becomes of its input.</summary>
    public const string HoldVerb = "--hold";

    private const int SigTerm = 15;
    private static readonly List<byte[]> Taken = [];

    /// <summary>Does nothing when there is no fault here.</summary>
    public static async Task PassAsync(FakeFault? fault, CancellationToken cancellationToken)
    {
        if (fault is null)
            return;
        for (var time = 0; time < fault.Times && fault.Message.Length > 0; time++)
            await Console.Error.WriteLineAsync(fault.Message);
        for (var megabyte = 0; megabyte < fault.AllocateMegabytes; megabyte++)
            Taken.Add(TouchedMegabyte());
        if (fault.Exit is { } code)
            Environment.Exit(code);
        if (fault.Signal is { } signal)
        {
            Die(signal);
            // A signal may be delivered a moment later, on another thread: nothing more may happen meanwhile.
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        }

        if (fault.Hang)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        if (fault.Disconnect)
            throw new DisconnectException();
        if (fault.Throw)
            throw new InvalidOperationException("the script asks for an exception");
        if (fault.Error.Length > 0)
            throw Refusal.Internal(fault.Error, $"the script asks for the error {fault.Error}");
    }

    /// <summary>Faults of the process as a whole, after the parent watch has begun and before the socket is bound.</summary>
    public static async Task StartAsync(FakeFaults faults)
    {
        if (faults.IgnoreSigterm && !OperatingSystem.IsWindows())
            _ = SetHandler(SigTerm, 1);
        if (faults.Grandchild)
            Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [HoldVerb]))?.Dispose();
        for (var i = 0; i < faults.StderrLines; i++)
            await Console.Error.WriteLineAsync($"{i,8} ".PadRight(100, 'x'));
        await PassAsync(faults.Spawn, CancellationToken.None);
    }

    private static byte[] TouchedMegabyte()
    {
        var bytes = new byte[1024 * 1024];
        Array.Fill(bytes, (byte)1);
        return bytes;
    }

    private static void Die(int signal)
    {
        // The runtime handles some signals itself; the default action must be the one that acts.
        _ = SetHandler(signal, 0);
        _ = Send(Environment.ProcessId, signal);
    }

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetHandler(int signal, nint action);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}

/// <summary>The script asks for the connection to be cut.</summary>
internal sealed class DisconnectException : Exception;
