using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace Tandem.Bench;

/// <summary>The built <c>tandem serve</c> on a home and a port of its own, and a client of it.</summary>
internal sealed class ServedHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string? _home;
    private readonly HttpClient _client;

    private ServedHost(Process process, string? home, string url, double readySeconds)
    {
        (_process, _home, ReadySeconds) = (process, home, readySeconds);
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>From the start of the process to its address on standard output.</summary>
    public double ReadySeconds { get; }

    /// <param name="home">Kept afterwards; null: one of its own.</param>
    public static async Task<ServedHost> StartAsync(string models, string? home = null)
    {
        var keptHome = home;
        home ??= Directory.CreateTempSubdirectory("tandem-bench-").FullName;
        var start = new ProcessStartInfo(Path.Combine(BenchEngine.AppFolder, OperatingSystem.IsWindows() ? "tandem.exe" : "tandem"), ["serve", "--port", "0", "--models", models])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TANDEM_HOME"] = home;
        var began = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        var log = Channel.CreateUnbounded<string>();
        process.ErrorDataReceived += (_, line) => log.Writer.TryWrite(line.Data ?? "");
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.IndexOf("http://", StringComparison.Ordinal) is >= 0 and var at)
                return new ServedHost(process, keptHome is null ? home : null, line[at..].Trim(), Stopwatch.GetElapsedTime(began).TotalSeconds) { Log = log.Reader };
        }

        throw new InvalidOperationException("the host ended without an address");
    }

    /// <summary>What it logs, oldest first; read once.</summary>
    public required ChannelReader<string> Log { get; init; }

    /// <summary>The next line of the log that fits.</summary>
    public async Task<Match> LoggedAsync(Regex wanted)
    {
        await foreach (var line in Log.ReadAllAsync())
        {
            if (wanted.Match(line) is { Success: true } match)
                return match;
        }

        throw new InvalidOperationException($"the host ended without logging {wanted}");
    }

    public Task<string> GetAsync(string path) => _client.GetStringAsync(new Uri(path, UriKind.Relative));

    /// <summary>Waits until all models are known.</summary>
    public Task<string> ModelsAsync() => _client.GetStringAsync(new Uri("/v1/models", UriKind.Relative));

    /// <summary>RssAnon of the supervisor alone; Linux only.</summary>
    public double PrivateMegabytes()
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Streams an answer at temperature 0 without a draft; one delta is one token for a slow model.</summary>
    public async Task<(double FirstMs, double Rate)> AskAsync(string model, string question, uint tokens)
    {
        var body = JsonSerializer.Serialize(new
        {
            model,
            messages = new[] { new { role = "user", content = question } },
            temperature = 0,
            max_tokens = tokens,
            stream = true,
            draft_model = "off",
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        var began = Stopwatch.GetTimestamp();
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var pace = new Pace();
        while (await reader.ReadLineAsync() is { } line)
            pace.Add(line.Contains("\"content\":\"", StringComparison.Ordinal) && !line.Contains("\"content\":\"\"", StringComparison.Ordinal) ? 1 : 0);
        return pace.Since(began);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (_home is not null)
            Directory.Delete(_home, recursive: true);
    }
}
