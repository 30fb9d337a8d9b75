using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Runtimes;

/// <summary>The built <c>tandem</c> on a home of its own, as these tests use it.</summary>
internal sealed class RuntimeCli : IDisposable
{
    public string Home { get; } = Directory.CreateTempSubdirectory("tf-").FullName;

    public string Runtimes => Path.Combine(Home, "runtimes");

    public void Dispose() => Directory.Delete(Home, recursive: true);

    public async Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using var command = await CommandUnderTest.StartAsync(Home, arguments);
        return await command.EndAsync();
    }

    /// <summary>Its standard output; it must succeed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(arguments);
        Assert.True(exit == 0, $"tandem {string.Join(' ', arguments)}: exit code {exit}: {error}");
        return output;
    }

    /// <summary>Runs a command and kills it, at once and without warning, when <paramref name="moment"/> comes; false when it ended before.</summary>
    public async Task<bool> KillAsync(Func<int, Task> moment, params string[] arguments)
    {
        await using var command = await CommandUnderTest.StartAsync(Home, arguments);
        var end = command.EndAsync();
        await Task.WhenAny(moment(command.Pid), end);
        var killed = !end.IsCompleted && Signals.Send(command.Pid, 9) == 0;
        await end;
        return killed;
    }

    /// <summary>A model is answered, and in the folder of runtimes lie whole ones and nothing else.</summary>
    public async Task AssertWorksAsync()
    {
        var answer = await DoAsync("run", "Hi", "--json", "--max-tokens", "2");
        Assert.False(string.IsNullOrEmpty(JsonDocument.Parse(answer).RootElement.GetProperty("content").GetString()));
        foreach (var entry in Directory.Exists(Runtimes) ? Directory.GetFileSystemEntries(Runtimes) : [])
        {
            Assert.True(Path.GetFileName(entry) == ".downloads" || File.Exists(Path.Combine(entry, "manifest.json")), $"{entry} was left behind");
            Assert.Empty(Directory.Exists(entry) ? Directory.GetFiles(entry, ".installing") : []);
        }
    }

    /// <summary>Everything that is listed passes its checks.</summary>
    public async Task AssertAllUsableAsync() => Assert.All(
        JsonDocument.Parse(await DoAsync("runtime", "survey", "--json")).RootElement.GetProperty("runtimes").EnumerateArray(),
        runtime => Assert.Equal("usable", runtime.GetProperty("state").GetString()));

    /// <summary>The bundled llama.cpp as an archive, as its makers would publish a build.</summary>
    public static string ArchiveOfBundled(string folder)
    {
        var archive = Path.Combine(folder, "llama.tar.gz");
        using var file = File.Create(archive);
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(gzip);
        foreach (var path in Directory.GetFiles(RealHome.BundledFolder).Where(path => Path.GetFileName(path) != "manifest.json").Order(StringComparer.Ordinal))
            tar.WriteEntry(path, $"llama/bin/{Path.GetFileName(path)}");
        return archive;
    }

    /// <summary>Starts a command in a name space of its own in which a small disk lies at the home; null where that is not allowed.</summary>
    public async Task<(int Exit, string Output, string Error)?> OnSmallDiskAsync(int megabytes, string script)
    {
        var start = new ProcessStartInfo("unshare",
            ["--mount", "--map-root-user", "sh", "-c", $"mount -t tmpfs -o size={megabytes}m none '{Home}' || exit 99; {script}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["TANDEM_HOME"] = Home;
        start.Environment["PATH"] = $"{AppFolder.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var bound = new CancellationTokenSource(CommandUnderTest.Bound * 3);
        await process.WaitForExitAsync(bound.Token);
        return process.ExitCode == 99 ? null : (process.ExitCode, await output, await error);
    }
}
