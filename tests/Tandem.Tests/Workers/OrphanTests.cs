using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Workers;

/// <summary>The built command is killed with SIGKILL at every point of a worker's life; nothing that it started may live on.</summary>
public sealed class OrphanTests(ITestOutputHelper output)
{
    private const int SigKill = 9;
    private static readonly string[] Phases = ["idle", "spawning", "handshaking", "loading", "proving", "answering", "ready"];

    [Fact]
    public async Task After_a_kill_of_the_supervisor_no_worker_and_no_grandchild_lives_on_and_the_next_start_is_clean()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks for processes in /proc");
        using var folder = new TemporaryFolder();
        var app = AppCopy.Make(folder.Path, "FakePlugin");
        var home = Directory.CreateDirectory(Path.Combine(folder.Path, "home")).FullName;
        var (processes, slowest) = (0, TimeSpan.Zero);
        var trials = Trials.Count(10);
        for (var trial = 0; trial < trials; trial++)
        {
            // Every other worker ignores the polite signal that the system sends it.
            var (seen, took) = await KillAsync(app, home, Phases[trial % Phases.Length], ignoreSigterm: trial % 2 == 1);
            processes += seen;
            slowest = took > slowest ? took : slowest;
        }

        output.WriteLine($"{trials} kills, {processes} processes, 0 left; the last one gone {slowest.TotalMilliseconds:0} ms after the kill");
        Assert.True(processes >= trials / 2);
        await using var next = await CommandUnderTest.StartAsync(home, ["serve", "--port", "0"], appFolder: app);
        await next.UrlAsync();
        // The sweep does not hold up the start.
        await Until.TrueAsync(() => Directory.GetFiles(Path.Combine(home, "run", "workers")).Length == 0);
    }

    private static async Task<(int Processes, TimeSpan Took)> KillAsync(string app, string home, string phase, bool ignoreSigterm)
    {
        var hang = new FakeFault { Hang = true };
        AppCopy.Script(app, new FakeScript
        {
            Faults = new FakeFaults
            {
                Grandchild = true,
                IgnoreSigterm = ignoreSigterm,
                Spawn = phase == "spawning" ? hang : null,
                Handshake = phase == "handshaking" ? hang : null,
            },
        });
        var model = Path.Combine(home, "models", "test", "m", "m" + ScriptFile.Extension);
        Directory.CreateDirectory(Path.GetDirectoryName(model)!);
        ScriptFile.Write(model, new FakeScript
        {
            Answers = [new() { Steps = [["tick "]], Repeat = true, StepMs = 5 }],
            Faults = new FakeFaults { Load = phase == "loading" ? hang : null, Ready = phase == "proving" ? hang : null },
        });
        await using var serve = await CommandUnderTest.StartAsync(home, ["serve", "--port", "0"], appFolder: app);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(await serve.UrlAsync()) };
        using var cancel = new CancellationTokenSource();
        var asking = phase == "idle" ? Task.CompletedTask : AskAsync(client, endless: phase == "answering", cancel.Token);
        if (phase == "ready")
            await asking;
        else if (phase != "idle")
            await ReachedAsync(client, phase);
        if (phase != "idle")
        {
            try
            {
                await Until.TrueAsync(() => CommandUnderTest.ChildrenOf(serve.Pid).Count >= 2);
            }
            catch (OperationCanceledException)
            {
                var workers = await client.GetStringAsync(new Uri("/api/tandem/workers", UriKind.Relative));
                Assert.Fail($"{phase}: {CommandUnderTest.ChildrenOf(serve.Pid).Count} processes; {workers}");
            }
        }
        var children = CommandUnderTest.ChildrenOf(serve.Pid);
        var clock = Stopwatch.StartNew();
        serve.Signal(SigKill);
        await Until.TrueAsync(() => !children.Any(CommandUnderTest.IsAlive));
        var took = clock.Elapsed;
        Assert.True(took < TimeSpan.FromSeconds(10), $"{phase}: {took}");
        await cancel.CancelAsync();
        await asking;
        return (children.Count, took);
    }

    private static async Task AskAsync(HttpClient client, bool endless, CancellationToken cancellationToken)
    {
        using var content = new StringContent(HostUnderTest.Ask("test/m", further: endless ? "" : ", \"max_tokens\": 1"), Encoding.UTF8, "application/json");
        try
        {
            using var answer = await client.PostAsync(new Uri(HostUnderTest.Chat, UriKind.Relative), content, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            // Its server was killed.
        }
    }

    private static async Task ReachedAsync(HttpClient client, string phase)
    {
        using var bound = new CancellationTokenSource(CommandUnderTest.Bound);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await look.WaitForNextTickAsync(bound.Token))
        {
            using var list = JsonDocument.Parse(await client.GetStringAsync(new Uri("/api/tandem/workers", UriKind.Relative), bound.Token));
            var worker = list.RootElement.GetProperty("workers").EnumerateArray().FirstOrDefault();
            var state = worker.ValueKind == JsonValueKind.Object ? worker.GetProperty("state").GetString() : "";
            if (state == (phase switch { "proving" => "loading", "answering" => "busy", _ => phase }))
                return;
        }
    }
}
