using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Runtimes;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary><c>/api/tandem/runtimes</c> on a whole host, with the fake engine's runtimes.</summary>
public sealed class RuntimeApiTests
{
    private const string Runtimes = "/api/tandem/runtimes";
    private const string Bundled = "fake@1.0.0+1-cpu";

    [Fact]
    public async Task Get_select_roll_back_and_remove()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the offers are made by commands of a Unix shell");
        await using var host = await HostUnderTest.StartAsync();
        var id = Offer(host, "2.0.0");
        var (_, available) = await host.GetAsync($"{Runtimes}/available?query=fake");
        Assert.Equal((id, false), (available.GetProperty("available")[0].GetProperty("id").GetString(), available.GetProperty("available")[0].GetProperty("installed").GetBoolean()));
        var (_, plan) = await host.PostAsync(Runtimes, """{"query": "fake", "dry_run": true}""");
        Assert.Equal(id, plan.GetProperty("next").GetString());

        var job = await EndOfAsync(host, Runtimes, """{"query": "fake"}""");
        Assert.Equal(("succeeded", id), (job.GetProperty("state").GetString(), job.GetProperty("result").GetProperty("id").GetString()));
        Assert.False(job.GetProperty("result").GetProperty("selected").GetBoolean());
        var (status, item) = await host.PostAsync($"{Runtimes}/fake@2/select", """{"pinned": true}""");
        Assert.Equal((HttpStatusCode.OK, true, "compatible"), (status, item.GetProperty("selected").GetBoolean(), item.GetProperty("compatibility").GetString()));
        Assert.Equal((true, Bundled), (item.GetProperty("selection").GetProperty("pinned").GetBoolean(), item.GetProperty("selection").GetProperty("previous").GetString()));

        (status, item) = await host.PostAsync($"{Runtimes}/{Uri.EscapeDataString(id)}/rollback", "{}");
        Assert.Equal((HttpStatusCode.OK, false), (status, item.GetProperty("selected").GetBoolean()));
        using var removed = await host.Client.DeleteAsync(new Uri($"{Runtimes}/{id}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, removed.StatusCode);
        var (_, list) = await host.GetAsync(Runtimes);
        Assert.Equal(Bundled, Assert.Single(list.GetProperty("runtimes").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_said_with_its_code()
    {
        await using var host = await HostUnderTest.StartAsync();
        (string Path, string Body, HttpStatusCode Status, string Code)[] cases =
        [
            (Runtimes, "{}", HttpStatusCode.BadRequest, "invalid_value"),
            (Runtimes, """{"query": "x", "path": "/x"}""", HttpStatusCode.BadRequest, "invalid_value"),
            (Runtimes, """{"query": 5}""", HttpStatusCode.BadRequest, "invalid_value"),
            (Runtimes, """{"query": "nothing@1"}""", HttpStatusCode.NotFound, "runtime_not_found"),
            (Runtimes, """{"path": "relative"}""", HttpStatusCode.BadRequest, "invalid_value"),
            (Runtimes, """{"query": "fake", "wheels": "/no/such/folder"}""", HttpStatusCode.BadRequest, "invalid_value"),
            ($"{Runtimes}/nothing/select", "{}", HttpStatusCode.NotFound, "runtime_not_found"),
            ($"{Runtimes}/fake/rollback", "{}", HttpStatusCode.BadRequest, "invalid_value"),
            ($"{Runtimes}/fake/select", """{"clear": true}""", HttpStatusCode.BadRequest, "invalid_value"),
        ];
        foreach (var (path, body, status, code) in cases)
        {
            var (found, error) = await host.PostAsync(path, body);
            Assert.Equal((status, code), (found, error.GetProperty("error").GetProperty("code").GetString()));
        }
    }

    [Fact]
    public async Task Checking_one_again_changes_it_alone()
    {
        await using var host = await HostUnderTest.StartAsync();
        var checks = host.Host.Services.GetRequiredService<RuntimeChecks>();
        await checks.Surveyed;
        // A second runtime, on which models of the same engine run.
        var folder = CopyBundled(host, "fake@0.9.0+1-cpu");
        var (_, other) = await host.PostAsync($"{Runtimes}/fake@1/survey", "{}");
        var (_, first) = await host.PostAsync($"{Runtimes}/fake@0.9/survey", "{}");
        Assert.Equal("usable", first.GetProperty("state").GetString());

        ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), new FakeScript { Faults = new() { Probe = new() { Signal = 11, Message = "library gone" } } });
        var (_, broken) = await host.PostAsync($"{Runtimes}/fake@0.9/survey", "{}");
        Assert.Equal(("unusable", "errorCheckingCompatibility"), (broken.GetProperty("state").GetString(), broken.GetProperty("compatibility").GetString()));
        Assert.Contains("library gone", broken.GetProperty("reason").GetString()!, StringComparison.Ordinal);
        Assert.NotEqual(first.GetProperty("probe").GetProperty("pid").GetInt32(), broken.GetProperty("probe").GetProperty("pid").GetInt32());
        Assert.True(broken.GetProperty("probe").GetProperty("at").GetDateTimeOffset() > first.GetProperty("probe").GetProperty("at").GetDateTimeOffset());

        var (_, list) = await host.GetAsync(Runtimes);
        var untouched = list.GetProperty("runtimes").EnumerateArray().Single(item => item.GetProperty("id").GetString() == Bundled);
        Assert.Equal(other.GetRawText(), untouched.GetRawText());
    }

    [Fact]
    public async Task An_engine_that_is_too_old_for_a_draft_says_which_version_has_it_until_it_is_updated()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the offers are made by commands of a Unix shell");
        await using var host = await HostUnderTest.StartAsync(("main", FakeScripts.TwelveTenZeroTwo()), ("draft", new FakeScript { ParameterCount = 10 }));
        CopyBundled(host, "fake@0.9.0+1-cpu", new FakeScript { Engine = new() { Version = "0.9.0", Capabilities = [] } });
        await host.PostAsync($"{Runtimes}/fake@1/survey", "{}");
        await host.PostAsync($"{Runtimes}/fake@0.9/select", "{}");
        const string Request = """{"model": "test/main", "messages": [{"role": "user", "content": "Hi"}], "draft_model": "test/draft"}""";
        var (status, answer) = await host.PostAsync(HostUnderTest.NativeChat, Request);
        var error = answer.GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, "runtime_outdated", "draft_model"), (status, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        const string Message = "Fake engine 0.9.0 is too old for speculative decoding with a draft model: Fake engine 1.0.0 or newer is needed.";
        Assert.Equal($"{Message}\nUpdate the engine: tandem runtime update fake", error.GetProperty("message").GetString());
        Assert.Contains(Message, await MissingAsync(host), StringComparison.Ordinal);
        Assert.Equal($"{Message} Update the engine: tandem runtime update fake", await RuntimeReasonAsync(host));

        Offer(host, "2.0.0");
        Assert.Equal("succeeded", (await EndOfAsync(host, $"{Runtimes}/fake@0.9/update", "{}")).GetProperty("state").GetString());
        (status, answer) = await host.PostAsync(HostUnderTest.NativeChat, Request);
        Assert.Equal((HttpStatusCode.OK, "test/draft"), (status, answer.GetProperty("stats").GetProperty("draft_model").GetString()));
        Assert.DoesNotContain(Message, await MissingAsync(host), StringComparison.Ordinal);
        Assert.Null(await RuntimeReasonAsync(host));
    }

    [Fact]
    public async Task Pairs_of_a_model_whose_runtime_breaks_are_refused_with_its_reason_until_it_is_mended_and_others_stay()
    {
        await using var host = await HostUnderTest.StartAsync(
            ("main", FakeScripts.TwelveTenZeroTwo()), ("other", FakeScripts.TwelveTenZeroTwo()), ("draft", new FakeScript { ParameterCount = 10 }));
        await host.Host.Services.GetRequiredService<RuntimeChecks>().Surveyed;
        var folder = CopyBundled(host, "fake@1.0.0+0-cpu");
        var script = Path.Combine(folder, ScriptFile.ProcessScript);
        await host.PostAsync($"{Runtimes}/fake@1.0.0+1/survey", "{}");
        await host.PostAsync($"{Runtimes}/fake@1.0.0+0/survey", "{}");
        var (status, selected) = await host.PostAsync($"{Runtimes}/fake@1.0.0+0/select", """{"model": "test/main"}""");
        Assert.True(status == HttpStatusCode.OK, selected.GetRawText());
        Assert.Null(await RuntimeReasonAsync(host));

        ScriptFile.Write(script, new FakeScript { Faults = new() { Probe = new() { Signal = 11, Message = "library gone" } } });
        var (_, broken) = await host.PostAsync($"{Runtimes}/fake@1.0.0+0/survey", "{}");
        Assert.Equal("unusable", broken.GetProperty("state").GetString());
        Assert.Contains("library gone", await RuntimeReasonAsync(host), StringComparison.Ordinal);
        Assert.Null(await RuntimeReasonAsync(host, "test/other"));

        File.Delete(script);
        await host.PostAsync($"{Runtimes}/fake@1.0.0+0/survey", "{}");
        Assert.Null(await RuntimeReasonAsync(host));
    }

    [Fact]
    public async Task Automatic_update_acts_at_the_start_and_never_after()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the offers are made by commands of a Unix shell");
        await using var host = await HostUnderTest.StartAsync();
        await host.PutAsync("/api/tandem/settings", """{"runtimes.auto_update": true}""");
        var id = Offer(host, "2.0.0");
        // Without a start nothing happens.
        Assert.Equal(Bundled, await SelectedAsync(host));
        await host.RestartAsync(options => options with { Lasting = true });
        await host.Host.Services.GetRequiredService<AutomaticUpdate>().Done;
        Assert.Equal(id, await SelectedAsync(host));

        Offer(host, "3.0.0");
        await host.PostAsync($"{Runtimes}/fake@2/survey", "{}");
        await host.Host.Services.GetRequiredService<AutomaticUpdate>().Done;
        Assert.Equal(id, await SelectedAsync(host));
        var (_, jobs) = await host.GetAsync("/api/tandem/jobs");
        Assert.Single(jobs.GetProperty("jobs").EnumerateArray());
    }

    private static async Task<string?> SelectedAsync(HostUnderTest host) => (await host.GetAsync(Runtimes)).Body.GetProperty("runtimes").EnumerateArray()
        .Single(item => item.GetProperty("selected").GetBoolean()).GetProperty("id").GetString();

    /// <summary>Why the first draft of a model cannot be used on its runtime; null when it can.</summary>
    private static async Task<string?> RuntimeReasonAsync(HostUnderTest host, string main = "test/main")
    {
        var draft = (await host.GetAsync($"/api/tandem/pairs?main={main}")).Body.GetProperty("drafts").EnumerateArray()
            .Single(draft => draft.GetProperty("key").GetString() == "test/draft");
        var reason = draft.GetProperty("reasons").EnumerateArray().FirstOrDefault(reason => reason.GetProperty("check").GetString() == "runtime");
        Assert.Equal(reason.ValueKind == JsonValueKind.Undefined, draft.GetProperty("rank").ValueKind == JsonValueKind.Number);
        return reason.ValueKind == JsonValueKind.Undefined ? null : reason.GetProperty("message").GetString();
    }

    private static async Task<string> MissingAsync(HostUnderTest host) => (await host.GetAsync(Runtimes)).Body.GetProperty("runtimes").EnumerateArray()
        .Single(item => item.GetProperty("selected").GetBoolean()).GetProperty("missing_features").GetRawText();

    private static async Task<JsonElement> EndOfAsync(HostUnderTest host, string path, string body)
    {
        var (status, job) = await host.PostAsync(path, body);
        Assert.True(status == HttpStatusCode.Accepted, job.GetRawText());
        while (job.GetProperty("state").GetString() == "running")
            (_, job) = await host.GetAsync($"/api/tandem/jobs/{job.GetProperty("id").GetString()}");
        return job;
    }

    private static string Offer(HostUnderTest host, string version) => FakeHome.Offer(host.Options, version, "1", offer => offer["commands"] = new JsonArray(
        new JsonArray("sh", "-c", $$$"""echo '{"engine":{"version":"{{{version}}}"}}' > process.fake.json""")));

    private static string CopyBundled(HostUnderTest host, string id, FakeScript? process = null)
    {
        var folder = Path.Combine(host.Options.ApplicationFolder, "runtimes", id);
        Directory.CreateDirectory(folder);
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(host.Options.ApplicationFolder, "runtimes", Bundled, "manifest.json")))!;
        (manifest["id"], manifest["engineVersion"]) = (id, id.Split('@')[1].Split('+')[0]);
        File.WriteAllText(Path.Combine(folder, "manifest.json"), manifest.ToJsonString());
        if (process is not null)
            ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), process);
        return folder;
    }
}
