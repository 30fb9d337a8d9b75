using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tandem.Engine.LlamaCpp.Native;

/// <summary>What llama.cpp says: warnings and errors go to standard error, and the last errors explain a NULL that a call returned.</summary>
internal static unsafe class NativeLog
{
    private const int Warning = 3;
    private const int Error = 4;
    private const int Continuation = 5;
    private const int Kept = 8;

    // The callback comes from any thread of the library.
    private static readonly ConcurrentQueue<string> Errors = new();
    private static volatile int _level;
    private static volatile ConcurrentQueue<string>? _collected;

    internal static void Attach() => LlamaApi.llama_log_set(&Receive, 0);

    internal static void Forget() => Errors.Clear();

    /// <summary>The last error lines, joined; empty when there were none.</summary>
    internal static string LastErrors() => string.Join(" · ", Errors);

    /// <summary>Every line the library writes while the action runs, of any level.</summary>
    internal static IReadOnlyCollection<string> Collect(Action action)
    {
        var lines = new ConcurrentQueue<string>();
        _collected = lines;
        try
        {
            action();
        }
        finally
        {
            _collected = null;
        }
        return lines;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Receive(int level, byte* text, nint data)
    {
        // A continuation belongs to the line before it.
        if (level != Continuation)
            _level = level;
        if (_collected is { } collected)
            collected.Enqueue(NativeLlama.Text(text));
        if (_level is not (Warning or Error))
            return;
        var line = NativeLlama.Text(text).TrimEnd();
        if (line.Length == 0)
            return;
        Console.Error.WriteLine(line);
        if (_level != Error)
            return;
        Errors.Enqueue(line);
        while (Errors.Count > Kept)
            Errors.TryDequeue(out _);
    }
}
