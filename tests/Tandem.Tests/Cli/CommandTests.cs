using System.Net;
using System.Net.Sockets;
using Tandem.Tests.Support;

namespace Tandem.Tests.Cli;

/// <summary>The built command, with the embedded models.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Run_prints_the_answer_and_the_line_of_figures()
    {
        using var home = new TemporaryFolder();
        await using var run = await CommandUnderTest.StartAsync(home.Path, ["run", "Write quicksort in Python. Code only.", "--stats", "--color", "always"]);
        var (exit, output, error) = await run.EndAsync();

        Assert.True(exit == 0, error);
        Assert.Contains("\u001b[32m", output, StringComparison.Ordinal);
        Assert.Contains("def quicksort", output.Replace("\u001b[32m", "", StringComparison.Ordinal).Replace("\u001b[39m", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d tok/s · \d+ tokens · \d+\.\d\d s to first token · stop: eosFound · draft: tandem/storyteller-draft · accepted \d+/\d+ \(\d+\.\d%\)$",
            output.TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public async Task Run_reads_its_prompt_from_a_pipe_and_prints_one_object()
    {
        using var home = new TemporaryFolder();
        await using var run = await CommandUnderTest.StartAsync(home.Path, ["run", "--json", "--max-tokens", "8", "--draft", "off"], "Tell me a story about a fox.");
        var (exit, output, error) = await run.EndAsync();

        Assert.True(exit == 0, error);
        var result = HostUnderTest.Parse(output);
        Assert.Equal(["content", "reasoning_content", "stats", "model", "draft_model"], result.EnumerateObject().Select(field => field.Name));
        Assert.Equal("tandem/storyteller", result.GetProperty("model").GetString());
        Assert.Equal("maxPredictedTokensReached", result.GetProperty("stats").GetProperty("stop_reason").GetString());
    }

    [Fact]
    public async Task Bench_measures_a_model_without_and_with_its_draft_and_n_grams_and_gives_advice()
    {
        using var home = new TemporaryFolder();
        var prompts = Path.Combine(home.Path, "prompts.txt");
        await File.WriteAllTextAsync(prompts, "Tell me a story about a fox.\n\nTell me a story about a boat.\n", TestContext.Current.CancellationToken);
        await using var bench = await CommandUnderTest.StartAsync(home.Path, ["bench", "--json", "--rounds", "1", "--max-tokens", "48", "--prompts", prompts]);
        var (exit, output, error) = await bench.EndAsync();

        Assert.True(exit == 0, error);
        var report = HostUnderTest.Parse(output);
        Assert.Empty(report.GetProperty("problems").EnumerateArray());
        Assert.Equal([null, "tandem/storyteller-draft", "ngram"], report.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("draft").GetString()));
        Assert.All(report.GetProperty("rows").EnumerateArray().Skip(1), row => Assert.Matches("^(use it|no gain)", row.GetProperty("advice").GetString()!));
    }

    [Theory]
    [InlineData(4, "nobody", "run", "Hi", "-m", "nobody")]
    [InlineData(4, "nobody", "run", "Hi", "--draft", "nobody")]
    [InlineData(5, "mlx", "run", "Hi", "--draft", "tandem/storyteller-draft-mlx")]
    [InlineData(2, "temperature", "run", "Hi", "--temperature", "9")]
    [InlineData(2, "prompt", "run", "")]
    [InlineData(2, "--temperature", "run", "Hi", "--temperature", "hot")]
    [InlineData(2, "--frobnicate", "run", "Hi", "--frobnicate")]
    [InlineData(2, "0.0.0.0", "serve", "--bind", "0.0.0.0")]
    [InlineData(2, "missing-folder", "serve", "--models", "missing-folder")]
    [InlineData(2, "65535", "serve", "--port", "70000")]
    public async Task What_goes_wrong_is_one_line_of_cause_one_of_advice_and_an_exit_code(int expected, string named, params string[] arguments)
    {
        using var home = new TemporaryFolder();
        await using var command = await CommandUnderTest.StartAsync(home.Path, arguments);
        var (exit, output, error) = await command.EndAsync();

        Assert.True((expected, "") == (exit, output), $"{exit}: {output}{error}");
        var lines = error.TrimEnd().Split('\n');
        Assert.True(lines.Length == 2, error);
        Assert.Contains(named, lines[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Serve_prints_its_address_serves_run_and_ends_with_exit_code_0_on_sigterm()
    {
        using var home = new TemporaryFolder();
        await using var serve = await CommandUnderTest.StartAsync(home.Path, ["serve", "--port", "0"]);
        var url = await serve.UrlAsync();

        await using (var run = await CommandUnderTest.StartAsync(home.Path, ["run", "Hi", "--json", "--max-tokens", "4"]))
            Assert.Equal(0, (await run.EndAsync()).Exit);
        var workers = CommandUnderTest.ChildrenOf(serve.Pid);
        Assert.NotEmpty(workers);

        await using (var second = await CommandUnderTest.StartAsync(home.Path, ["serve", "--port", "0"]))
        {
            var (exit, _, error) = await second.EndAsync();
            Assert.Equal(5, exit);
            Assert.Contains($"{serve.Pid}", error, StringComparison.Ordinal);
            Assert.Contains(url, error, StringComparison.Ordinal);
        }

        serve.Signal(CommandUnderTest.Sigterm);
        Assert.Equal(0, (await serve.EndAsync()).Exit);
        Assert.DoesNotContain(workers, CommandUnderTest.IsAlive);
        Assert.False(File.Exists(Path.Combine(home.Path, "run", "host.json")));
    }

    [Fact]
    public async Task Ctrl_c_ends_serve_with_exit_code_0_and_run_with_130_and_leaves_no_worker()
    {
        Assert.SkipWhen(Signals.AreIgnored(CommandUnderTest.Sigint), "the tests run in a background job without Ctrl-C");
        using var home = new TemporaryFolder();
        await using var serve = await CommandUnderTest.StartAsync(home.Path, ["serve", "--port", "0"]);
        await serve.UrlAsync();
        serve.Signal(CommandUnderTest.Sigint);
        Assert.Equal(0, (await serve.EndAsync()).Exit);

        await using var run = await CommandUnderTest.StartAsync(home.Path, ["run", "Tell me a story about a fox.", "--temperature", "1"]);
        await Until.TrueAsync(() => CommandUnderTest.ChildrenOf(run.Pid).Count > 0);
        var workers = CommandUnderTest.ChildrenOf(run.Pid);
        run.Signal(CommandUnderTest.Sigint);
        Assert.Equal(130, (await run.EndAsync()).Exit);
        Assert.DoesNotContain(workers, CommandUnderTest.IsAlive);
    }

    [Fact]
    public async Task A_foreign_program_on_the_port_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells who listens");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var home = new TemporaryFolder();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var serve = await CommandUnderTest.StartAsync(home.Path, ["serve", "--port", $"{port}"]);
        var (exit, _, error) = await serve.EndAsync();
        Assert.Equal(1, exit);
        Assert.Contains($"pid {Environment.ProcessId}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_host_record_is_no_host()
    {
        using var home = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        home.Write("run/host.json", $$"""{"pid":{{Environment.ProcessId}},"start":"1","url":"http://{{listener.LocalEndpoint}}","instance":"x"}""");
        await using var run = await CommandUnderTest.StartAsync(home.Path, ["run", "Hi", "--json", "--max-tokens", "2"]);
        var (exit, _, error) = await run.EndAsync();
        Assert.True(exit == 0, error);
    }
}
