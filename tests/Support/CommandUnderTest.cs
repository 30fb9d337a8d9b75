using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Tandem.Tests.Support;

/// <summary>The built <c>tandem</c>, started as a user would.</summary>
internal sealed partial class CommandUnderTest : IAsyncDisposable
{
    public const int Sigint = 2;
    public const int Sigterm = 15;

    /// <summary>Bound on waits for things that take a second or two.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<string> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private readonly Task<string> _error;

    private CommandUnderTest(Process process)
    {
        _process = process;
        _reading = ReadAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public int Pid => _process.Id;

    /// <param name="input">What its standard input holds; null: nothing.</param>
    /// <param name="appFolder">Where it is started from; null: where the build put it.</param>
    /// <param name="variables">Added to its environment.</param>
    public static async Task<CommandUnderTest> StartAsync(
        string home, IReadOnlyList<string> arguments, string? input = null, string? appFolder = null, Dictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(Path.Combine(appFolder ?? AppFolder.Path, OperatingSystem.IsWindows() ? "tandem.exe" : "tandem"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = home,
        };
        start.Environment["TANDEM_HOME"] = home;
        start.Environment.Remove("TANDEM_MODELS");
        foreach (var (name, value) in variables ?? [])
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        return new CommandUnderTest(process);
    }

    /// <summary>The address that <c>serve</c> prints.</summary>
    public Task<string> UrlAsync() => _url.Task.WaitAsync(Bound);

    /// <summary>Waits for its end.</summary>
    public async Task<(int Exit, string Output, string Error)> EndAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        await _process.WaitForExitAsync(bound.Token);
        await _reading.WaitAsync(bound.Token);
        return (_process.ExitCode, _output.ToString(), await _error.WaitAsync(bound.Token));
    }

    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    /// <summary>Processes started by a process, and theirs (Linux).</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        var children = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var child) && StatOf(child) is { } stat && stat.Parent == pid)
                children.AddRange([child, .. ChildrenOf(child)]);
        }

        return children;
    }

    /// <summary>There and not only waiting to be reaped (Linux).</summary>
    public static bool IsAlive(int pid) => StatOf(pid) is { State: not ('Z' or 'X') };

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await EndAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _output.Append(line).Append('\n');
            if (line.IndexOf("http://", StringComparison.Ordinal) is >= 0 and var at)
                _url.TrySetResult(line[at..].Trim());
        }

        _url.TrySetException(new InvalidOperationException($"it ended without an address: {_output}"));
    }

    private static (char State, int Parent)? StatOf(int pid)
    {
        try
        {
            var fields = File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
