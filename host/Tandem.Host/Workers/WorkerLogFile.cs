using System.Globalization;
using System.Threading.Channels;

namespace Tandem.Host.Workers;

/// <summary>
/// What the workers of one instance write, on disk: <c>logs/&lt;instance&gt;.log</c>, and of what came before the last two files. Lines are
/// queued, never waited for: a worker that floods its output loses lines here (which is said), and blocks nobody.
/// </summary>
internal sealed class WorkerLogFile : IAsyncDisposable
{
    private const long LargestFile = 4 * 1024 * 1024;
    private const int FilesKept = 3;
    private const int LinesQueued = 4096;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(LinesQueued) { SingleReader = true });
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly Task _writing;
    private long _lost;

    public WorkerLogFile(string path, TimeProvider clock)
    {
        (_path, _clock) = (path, clock);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Where the log of an instance is.</summary>
    public static string PathOf(HostOptions options, string instanceId) =>
        Path.Combine(options.HomeFolder, "logs", string.Concat(instanceId.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '@' ? letter : '_')) + ".log");

    public void Add(string line)
    {
        if (!_lines.Writer.TryWrite(line))
            Interlocked.Increment(ref _lost);
    }

    /// <summary>Writes what is queued and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var file = Open();
            while (await _lines.Reader.WaitToReadAsync())
            {
                if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
                    await file.WriteLineAsync($"... {lost} lines came too fast and were left out");
                while (_lines.Reader.TryRead(out var line))
                    await file.WriteLineAsync($"{_clock.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)} {line}");
                await file.FlushAsync();
                if (file.BaseStream.Length < LargestFile)
                    continue;
                await file.DisposeAsync();
                Rotate();
                file = Open();
            }

            await file.DisposeAsync();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk must not take the worker with it; the last lines are still in memory.
            _lines.Writer.TryComplete();
        }
    }

    private StreamWriter Open() => new(new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));

    private void Rotate()
    {
        for (var number = FilesKept - 1; number > 0; number--)
        {
            var newer = number == 1 ? _path : $"{_path}.{number - 1}";
            if (File.Exists(newer))
                File.Move(newer, $"{_path}.{number}", overwrite: true);
        }
    }
}
