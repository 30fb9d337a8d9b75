using System.Net;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Serving;

/// <summary>Many requests at once, and many starts in a row: nothing is stranded and nothing piles up.</summary>
public sealed class LoadTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Of_a_thousand_requests_at_once_half_are_cancelled_and_none_is_stranded()
    {
        await using var host = await HostUnderTest.StartAsync(("m", new FakeScript { Answers = [new() { Steps = [["a"], ["b"], ["c"]], StepMs = 1 }] }));
        await host.PutAsync("/api/tandem/settings", """{"serving.queue": 2000}""");
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("m"))).Status);
        var (files, memory) = (Descriptors(), GC.GetTotalMemory(forceFullCollection: true));
        const int Requests = 1000;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, Requests).Select(async number =>
        {
            using var cancel = new CancellationTokenSource(number % 2 == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(number / 2));
            return await AskAsync(host, cancel.Token);
        })).WaitAsync(TimeSpan.FromMinutes(2));
        await Until.TrueAsync(() => host.Server.Instances is [{ Leases: 0, Waiting: 0 }]);
        var (completed, cancelled) = (outcomes.Count(outcome => outcome == "OK"), outcomes.Count(outcome => outcome == "cancelled"));
        host.Client.CancelPendingRequests();
        output.WriteLine($"{completed} answered, {cancelled} cancelled of {Requests}; managed memory {memory / 1e6:0.0} then {GC.GetTotalMemory(true) / 1e6:0.0} MB; "
            + $"descriptors {files} then {Descriptors()} with the client's connections still open");
        Assert.Equal(Requests, completed + cancelled);
        Assert.True(completed >= Requests / 2);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("m"))).Status);
        Assert.InRange(GC.GetTotalMemory(true), 0, memory + 50_000_000);
    }

    [Fact]
    public async Task Beyond_the_queue_requests_are_refused_with_429_and_the_others_wait()
    {
        await using var host = await HostUnderTest.StartAsync(("m", FakeScripts.Endless()));
        await host.PutAsync("/api/tandem/settings", """{"serving.queue": 16}""");
        using var cancel = new CancellationTokenSource();
        var first = Enumerable.Range(0, 20).Select(_ => AskAsync(host, cancel.Token)).ToList();
        await Until.TrueAsync(() => host.Server.Instances is [{ Leases: 20 }]);
        Assert.Equal("TooManyRequests", await AskAsync(host, CancellationToken.None));
        await cancel.CancelAsync();
        Assert.All(await Task.WhenAll(first), outcome => Assert.Equal("cancelled", outcome));
        await Until.TrueAsync(() => host.Server.Instances is [{ Leases: 0, Waiting: 0 }]);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_nobody_else_and_its_end_is_noticed()
    {
        await using var host = await HostUnderTest.StartAsync(("m", new FakeScript
        {
            Answers = [new() { When = "flood", Steps = [[new string('x', 2000)]], Repeat = true }, new() { Steps = [["ok"]] }],
        }));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using (var stalled = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("m", "flood", ", \"stream\": true")))
        {
            for (var request = 0; request < 20; request++)
                Assert.Equal("OK", await AskAsync(host, CancellationToken.None));
            var grown = GC.GetTotalMemory(true) - before;
            output.WriteLine($"memory for the stalled answer: {grown / 1e6:0.0} MB");
            Assert.InRange(grown, long.MinValue, 64_000_000);
        }

        await Until.TrueAsync(() => host.Server.Instances is [{ Leases: 0 }]);
    }

    [Fact]
    public async Task Starting_and_stopping_again_and_again_gives_memory_and_descriptors_back()
    {
        await using var home = new FakeHome();
        var model = home.Model("m");
        for (var warm = 0; warm < 3; warm++)
            await StartAndStopAsync(home, model);
        var (files, memory) = (Descriptors(), GC.GetTotalMemory(forceFullCollection: true));
        var starts = Trials.Count(10);
        for (var start = 0; start < starts; start++)
            await StartAndStopAsync(home, model);
        output.WriteLine($"{starts} starts: descriptors {files} then {Descriptors()}, managed memory {memory / 1e6:0.00} then {GC.GetTotalMemory(true) / 1e6:0.00} MB");
        // Other tests of this process open and close files of their own; a leak would be one or more per start.
        Assert.True(starts < 100 || Descriptors() < files + (starts / 2));
        Assert.Empty(home.Server.Workers);
    }

    [Fact]
    [Trait("Tier", "Functional")]
    public async Task A_model_that_always_crashes_is_started_at_most_four_times_in_a_minute_and_says_when_to_come_back()
    {
        await using var host = await HostUnderTest.StartAsync(("m", new FakeScript { Faults = new FakeFaults { Load = new FakeFault { Signal = 6, Message = "always" } } }));
        using var tenTimesASecond = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var (workers, statuses, retries) = (new HashSet<string>(), new List<HttpStatusCode>(), 0);
        for (var request = 0; request < 600 && await tenTimesASecond.WaitForNextTickAsync(CancellationToken.None); request++)
        {
            using var answer = await host.SendAsync(HostUnderTest.Chat, HostUnderTest.Ask("m"));
            statuses.Add(answer.StatusCode);
            retries += answer.Headers.RetryAfter is null ? 0 : 1;
        }

        var starts = await File.ReadAllLinesAsync(Path.Combine(host.Options.HomeFolder, "logs", "test_m.log"));
        workers.UnionWith(starts.Where(line => line.Contains("── worker", StringComparison.Ordinal)));
        output.WriteLine($"{statuses.Count} requests, {workers.Count} starts, {retries} answers with Retry-After");
        Assert.InRange(workers.Count, 2, 4);
        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status));
        Assert.Equal(statuses.Count, retries);
    }

    private static async Task StartAndStopAsync(FakeHome home, Tandem.Host.Models.ModelEntry model)
    {
        (await home.LeaseAsync(model)).Dispose();
        await home.Server.UnloadAsync(model.Key, CancellationToken.None);
    }

    private static async Task<string> AskAsync(HostUnderTest host, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, HostUnderTest.Chat)
            {
                Content = new StringContent(HostUnderTest.Ask("m"), System.Text.Encoding.UTF8, "application/json"),
            };
            using var answer = await host.Client.SendAsync(request, cancellationToken);
            return answer.StatusCode.ToString();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return "cancelled";
        }
    }

    private static int Descriptors() => OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;
}
