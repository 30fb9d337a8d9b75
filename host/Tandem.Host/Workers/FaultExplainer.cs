using System.Globalization;

namespace Tandem.Host.Workers;

/// <summary>Turns an exit code and the last lines into a probable cause and one thing to do about it. Pure.</summary>
internal static class FaultExplainer
{
    private const string Report = "Report it with the worker's log.";
    private const string OtherRuntime = "Install or select another build of the engine: tandem runtime ls";
    private const string LessMemory = "Close other programs, or choose a smaller model, context or quantisation.";
    private const int ShownLines = 20;

    private static readonly (string Text, string Cause, string NextStep)[] Texts =
    [
        ("out of memory", "there was not enough memory", LessMemory),
        ("cannot allocate memory", "there was not enough memory", LessMemory),
        ("failed to allocate", "there was not enough memory", LessMemory),
        ("std::bad_alloc", "there was not enough memory", LessMemory),
        ("error while loading shared libraries", "a library that it needs is missing", OtherRuntime),
        ("cannot open shared object file", "a library that it needs is missing", OtherRuntime),
        ("You must install ", "the .NET it needs is missing", "Set DOTNET_ROOT to the folder of .NET 10."),
        ("ModuleNotFoundError", "a Python package that it needs is missing", OtherRuntime),
    ];

    // Signals by number (Linux numbers; the ones that differ on macOS are not fatal by default or rare).
    private static readonly Dictionary<int, (string Name, string Cause, string NextStep)> Signals = new()
    {
        [1] = ("SIGHUP", "it was hung up", "Start it again."),
        [2] = ("SIGINT", "somebody interrupted it", "Start it again."),
        [3] = ("SIGQUIT", "somebody made it quit", "Start it again."),
        [4] = ("SIGILL", "it used an instruction that this CPU does not have; most builds need a CPU with AVX2", OtherRuntime),
        [5] = ("SIGTRAP", "a check inside the engine failed", Report),
        [6] = ("SIGABRT", "the engine gave up on an error of its own", Report),
        [7] = ("SIGBUS", "memory it had mapped was not there; the model file may have been cut short while in use", "Check the model file."),
        [8] = ("SIGFPE", "the engine divided by zero", Report),
        [9] = ("SIGKILL", "it was killed; most likely the system ran out of memory", LessMemory),
        [11] = ("SIGSEGV", "the engine used memory that is not its own", Report),
        [13] = ("SIGPIPE", "it wrote to a pipe that nobody read", Report),
        [15] = ("SIGTERM", "somebody terminated it", "Start it again."),
        [24] = ("SIGXCPU", "it used up its allowed CPU time", "Raise the limit (ulimit -t)."),
        [31] = ("SIGSYS", "it made a system call that is forbidden here", "Allow it in the sandbox that Tandem runs in."),
    };

    private static readonly Dictionary<uint, (string Name, string Cause, string NextStep)> NtStatuses = new()
    {
        [0xC0000005] = ("STATUS_ACCESS_VIOLATION", "the engine used memory that is not its own", Report),
        [0xC000001D] = ("STATUS_ILLEGAL_INSTRUCTION", "it used an instruction that this CPU does not have; most builds need a CPU with AVX2", OtherRuntime),
        [0xC0000017] = ("STATUS_NO_MEMORY", "there was not enough memory", LessMemory),
        [0xC00000FD] = ("STATUS_STACK_OVERFLOW", "its stack overflowed", Report),
        [0xC0000135] = ("STATUS_DLL_NOT_FOUND", "a library that it needs is missing", OtherRuntime),
        [0xC0000139] = ("STATUS_ENTRYPOINT_NOT_FOUND", "a library that it needs has another version", OtherRuntime),
        [0xC000013A] = ("STATUS_CONTROL_C_EXIT", "somebody interrupted it", "Start it again."),
        [0xC0000374] = ("STATUS_HEAP_CORRUPTION", "the engine damaged its own memory", Report),
        [0xC0000409] = ("STATUS_STACK_BUFFER_OVERRUN", "the engine gave up on an error of its own", Report),
    };

    /// <param name="exitCode">Exit code, 128 + signal number, or an NTSTATUS.</param>
    /// <param name="lastLines">What it wrote last, oldest first.</param>
    public static WorkerExit Explain(int exitCode, IReadOnlyList<string> lastLines)
    {
        var (name, cause, nextStep) = ByCode(exitCode);
        foreach (var known in Texts)
        {
            // What it said itself is more certain than what its exit code suggests.
            if (lastLines.Any(line => line.Contains(known.Text, StringComparison.OrdinalIgnoreCase)))
            {
                (cause, nextStep) = (known.Cause, known.NextStep);
                break;
            }
        }

        return new WorkerExit(exitCode, name, $"{Ended(exitCode, name)}: {cause}{Said(lastLines)}", nextStep, [.. lastLines.TakeLast(ShownLines)]);
    }

    private static (string? Name, string Cause, string NextStep) ByCode(int exitCode)
    {
        if (NtStatuses.TryGetValue(unchecked((uint)exitCode), out var status))
            return status;
        if (exitCode > 128 && Signals.TryGetValue(exitCode - 128, out var signal))
            return signal;
        return exitCode switch
        {
            0 => (null, "it ended by itself without being asked to", Report),
            126 => (null, "its program could not be executed", OtherRuntime),
            127 => (null, "its program or a library was not found", OtherRuntime),
            // .NET's own launcher: the framework is missing.
            150 => (null, "the .NET it needs is missing", "Set DOTNET_ROOT to the folder of .NET 10."),
            _ => (null, "it reported an error of its own", "Its last lines say more; see the worker's log."),
        };
    }

    private static string Ended(int exitCode, string? name)
    {
        var code = exitCode < 0 ? $"0x{unchecked((uint)exitCode):X8}" : exitCode.ToString(CultureInfo.InvariantCulture);
        return name is null ? $"exit code {code}" : $"exit code {code} ({name})";
    }

    private static string Said(IReadOnlyList<string> lastLines)
    {
        const int Lines = 3;
        var said = lastLines.Where(line => !string.IsNullOrWhiteSpace(line)).TakeLast(Lines).ToList();
        return said.Count == 0 ? "." : $". Its last lines: {string.Join(" | ", said)}";
    }
}
