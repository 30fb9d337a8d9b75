using System.Net;
using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Jobs;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

public sealed class ManagementTests
{
    [Fact]
    public async Task A_setting_is_changed_checked_put_back_and_kept_over_a_restart()
    {
        await using var host = await HostUnderTest.StartAsync();
        Assert.Equal(2, (await SettingAsync(host)).GetProperty("value").GetDouble());
        Assert.Equal(HttpStatusCode.OK, await PutAsync(host, """{"speculation.wait": 0.5}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(host, """{"speculation.wait": -1}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(host, """{"speculation.wait": "long"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync(host, """{"speculation.wait": 9, "no.such": 1}"""));
        Assert.Equal(0.5, (await SettingAsync(host)).GetProperty("value").GetDouble());
        await host.RestartAsync();
        Assert.Equal(0.5, (await SettingAsync(host)).GetProperty("value").GetDouble());
        Assert.Equal(HttpStatusCode.OK, await PutAsync(host, """{"speculation.wait": null}"""));
        Assert.Equal(2, (await SettingAsync(host)).GetProperty("value").GetDouble());
    }

    [Fact]
    public async Task A_job_is_listed_cancelled_and_forgotten_and_its_changes_are_events()
    {
        await using var host = await HostUnderTest.StartAsync();
        using var response = await host.Client.GetAsync(new Uri("/api/tandem/events?kinds=job", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(": listening", await events.ReadLineAsync().WaitAsync(FakeHome.Bound));
        var job = host.Host.Services.GetRequiredService<JobService>().Start("test", "Endless", async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new JobOutcome.Succeeded();
        });
        var (_, list) = await host.GetAsync("/api/tandem/jobs");
        Assert.Equal(job.Id, Assert.Single(list.GetProperty("jobs").EnumerateArray()).GetProperty("id").GetString());
        using var cancelled = await host.Client.DeleteAsync(new Uri($"/api/tandem/jobs/{job.Id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        await job.Ended;
        Assert.Equal("cancelled", (await host.GetAsync($"/api/tandem/jobs/{job.Id}")).Body.GetProperty("state").GetString());
        using var forgotten = await host.Client.DeleteAsync(new Uri($"/api/tandem/jobs/{job.Id}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, forgotten.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync($"/api/tandem/jobs/{job.Id}")).Status);
        var states = new List<string?>();
        while (states.Count < 2)
        {
            if (await events.ReadLineAsync().WaitAsync(FakeHome.Bound) is { } line && line.StartsWith("data: ", StringComparison.Ordinal))
                states.Add(HostUnderTest.Parse(line["data: ".Length..]).GetProperty("state").GetString());
        }

        Assert.Equal(["running", "cancelled"], states);
    }

    [Fact]
    public async Task A_worker_is_started_listed_read_and_stopped_and_every_change_is_an_event()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript { Load = new FakeLoad { Steps = 2, StepMs = 50 } }), ("draft", new FakeScript()));
        using var response = await host.Client.GetAsync(new Uri("/api/tandem/events?kinds=worker,load", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal(": listening", await events.ReadLineAsync().WaitAsync(FakeHome.Bound));
        var (status, job) = await host.PostAsync("/api/tandem/workers", """{"model": "main", "draft": "draft", "ttl": 600}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var loaded = await EndOfAsync(host, job);
        Assert.Equal("succeeded", loaded.GetProperty("state").GetString());
        var (_, list) = await host.GetAsync("/api/tandem/workers");
        var worker = Assert.Single(list.GetProperty("workers").EnumerateArray());
        Assert.Equal(
            ("test/main", "ready", "test/draft", "fake", 600.0, true),
            (worker.GetProperty("instance").GetString(), worker.GetProperty("state").GetString(), worker.GetProperty("draft").GetString(),
                worker.GetProperty("engine").GetString(), worker.GetProperty("ttl").GetDouble(), worker.GetProperty("loaded_by_user").GetBoolean()));
        Assert.InRange(worker.GetProperty("memory").GetProperty("private").GetInt64(), 1, long.MaxValue);
        var id = worker.GetProperty("id").GetString();
        Assert.Equal(id, loaded.GetProperty("result").GetProperty("id").GetString());
        var (_, log) = await host.GetAsync($"/api/tandem/workers/{id}/log");
        Assert.Contains(log.GetProperty("lines").EnumerateArray(), line => line.GetString()!.Contains("listening on", StringComparison.Ordinal));
        using var stopping = await host.Client.DeleteAsync(new Uri($"/api/tandem/workers/{id}", UriKind.Relative));
        Assert.Equal("succeeded", (await EndOfAsync(host, HostUnderTest.Parse(await stopping.Content.ReadAsStringAsync()))).GetProperty("state").GetString());
        Assert.Empty((await host.GetAsync("/api/tandem/workers")).Body.GetProperty("workers").EnumerateArray());
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync($"/api/tandem/workers/{id}/log?instance=test%2Fmain")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync($"/api/tandem/workers/{id}/log")).Status);
        var states = new List<string?>();
        while (!states.Contains("ready") || states[^1] != "stopped")
        {
            if (await events.ReadLineAsync().WaitAsync(FakeHome.Bound) is { } line && line.StartsWith("data: ", StringComparison.Ordinal))
                states.Add(HostUnderTest.Parse(line["data: ".Length..]).GetProperty("state").GetString());
        }

        Assert.Contains("loading", states);
    }

    [Theory]
    [InlineData("""{"model": "nothing-like-it"}""", HttpStatusCode.NotFound, "model")]
    [InlineData("""{"model": "main", "draft": "nothing-like-it"}""", HttpStatusCode.NotFound, "draft")]
    [InlineData("""{"model": "main", "draft": "stranger"}""", HttpStatusCode.BadRequest, "draft")]
    [InlineData("""{"model": "main", "ttl": -1}""", HttpStatusCode.BadRequest, "ttl")]
    public async Task A_worker_that_cannot_be_started_is_refused_with_the_field(string body, HttpStatusCode status, string field)
    {
        await using var host = await HostUnderTest.StartAsync(
            ("main", new FakeScript()), ("stranger", new FakeScript { Tokenizer = new FakeTokenizerFacts { Fingerprint = "another" } }));
        var answer = await host.PostAsync("/api/tandem/workers", body);
        Assert.Equal((status, field), (answer.Status, answer.Body.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task An_open_stream_of_events_does_not_hold_up_the_stop()
    {
        var host = await HostUnderTest.StartAsync();
        using var response = await host.Client.GetAsync(new Uri("/api/tandem/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await host.Host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(8));
        await host.DisposeAsync();
    }

    [Fact]
    public async Task The_system_report_names_the_machine_and_the_database()
    {
        await using var host = await HostUnderTest.StartAsync();
        var (status, body) = await host.GetAsync("/api/tandem/system");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(Environment.ProcessId, body.GetProperty("pid").GetInt32());
        Assert.InRange(body.GetProperty("machine").GetProperty("memory_available").GetInt64(), 1, body.GetProperty("machine").GetProperty("memory_total").GetInt64());
        Assert.Equal("open", body.GetProperty("database").GetProperty("state").GetString());
    }

    private static async Task<JsonElement> EndOfAsync(HostUnderTest host, JsonElement job)
    {
        var id = job.GetProperty("id").GetString()!;
        await host.Host.Services.GetRequiredService<JobService>().Find(id)!.Ended.WaitAsync(FakeHome.Bound);
        return (await host.GetAsync($"/api/tandem/jobs/{id}")).Body;
    }

    private static async Task<JsonElement> SettingAsync(HostUnderTest host) => (await host.GetAsync("/api/tandem/settings")).Body
        .GetProperty("settings").EnumerateArray().Single(setting => setting.GetProperty("key").GetString() == "speculation.wait");

    private static async Task<HttpStatusCode> PutAsync(HostUnderTest host, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Client.PutAsync(new Uri("/api/tandem/settings", UriKind.Relative), content);
        return response.StatusCode;
    }
}
