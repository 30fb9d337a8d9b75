using System.Net.Http.Json;
using System.Text.Json;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Runtimes;

/// <summary>The published llama.cpp packages, through the npm client of this machine: install, select, chat, update, roll back.</summary>
[Trait("Tier", "Functional")]
public sealed class RealPackagesTests(ITestOutputHelper output)
{
    private const string Main = "tandem/storyteller";
    private const string Other = "tandem/storyteller-draft";

    [Fact]
    public async Task Old_and_new_versions_are_installed_selected_updated_rolled_back_and_serve_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "the packages are those of Linux");
        using var cli = new RuntimeCli();
        await using var serve = await CommandUnderTest.StartAsync(cli.Home, ["serve", "--port", "0"]);
        using var client = new HttpClient { BaseAddress = new Uri(await serve.UrlAsync()), Timeout = CommandUnderTest.Bound };
        var bundled = await ChatAsync(client, Main);
        Assert.Equal(RealHome.Bundled, bundled.Runtime);

        await cli.DoAsync("runtime", "get", "llama.cpp@0.4.0", "-y");
        await cli.DoAsync("runtime", "select", "llama.cpp@0.4.0");
        // What runs keeps its runtime; the next load has the new one.
        Assert.Equal(RealHome.Bundled, (await ChatAsync(client, Main)).Runtime);
        await AssertChatsOnAsync(client, "llama.cpp@0.4.0+3.21.1-cpu");
        await cli.DoAsync("runtime", "get", "llama.cpp@0.5.0+3.22.0", "-y");
        await cli.DoAsync("runtime", "select", "llama.cpp@0.5.0+3.22.0");
        await AssertChatsOnAsync(client, "llama.cpp@0.5.0+3.22.0-cpu");

        Assert.Contains("3.22.0-cpu → llama.cpp@0.5.0+3.22.1-cpu", await cli.DoAsync("runtime", "update", "--dry-run"), StringComparison.Ordinal);
        await cli.DoAsync("runtime", "update", "-y");
        await AssertChatsOnAsync(client, RealHome.Bundled);
        Assert.Contains("Rolled back", await cli.DoAsync("runtime", "rollback"), StringComparison.Ordinal);
        await AssertChatsOnAsync(client, "llama.cpp@0.5.0+3.22.0-cpu");

        await client.PutAsJsonAsync("/api/tandem/settings", new Dictionary<string, int> { ["serving.jit_models_kept"] = 2 });
        await cli.DoAsync("runtime", "select", "llama.cpp@0.4.0", "--model", Other);
        await ChatAsync(client, Other);
        var (one, two) = ((await ChatAsync(client, Main)).Runtime, (await ChatAsync(client, Other)).Runtime);
        output.WriteLine($"at once: {Main} on {one}, {Other} on {two}");
        Assert.Equal(("llama.cpp@0.5.0+3.22.0-cpu", "llama.cpp@0.4.0+3.21.1-cpu"), (one, two));
        var (exit, _, error) = await cli.RunAsync("runtime", "remove", "llama.cpp@0.4.0", "-y");
        Assert.True(exit != 0 && error.Contains("is in use by", StringComparison.Ordinal), error);
    }

    [Fact]
    public async Task Without_a_network_an_installation_fails_with_the_reason_and_the_old_runtime_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "the packages are those of Linux");
        using var cli = new RuntimeCli();
        // A registry on which nobody listens, as the user's own configuration names it.
        await File.WriteAllTextAsync(Path.Combine(cli.Home, ".npmrc"), "registry=http://127.0.0.1:9/\nfetch-retries=0\n", TestContext.Current.CancellationToken);
        await using var get = await CommandUnderTest.StartAsync(cli.Home, ["runtime", "get", "llama.cpp@0.4.0", "-y"], variables: new()
        {
            ["npm_config_userconfig"] = Path.Combine(cli.Home, ".npmrc"),
            ["npm_config_cache"] = Path.Combine(cli.Home, "npm"),
        });
        var (exit, _, error) = await get.EndAsync();
        output.WriteLine(error);
        Assert.Equal(1, exit);
        Assert.Contains("npm could not get @node-llama-cpp/linux-x64@3.21.1", error, StringComparison.Ordinal);
        Assert.Contains("Check the network", error, StringComparison.Ordinal);
        await cli.AssertWorksAsync();
    }

    /// <summary>Loads the main model anew, by way of another that evicts it, and asks it.</summary>
    private static async Task AssertChatsOnAsync(HttpClient client, string runtime)
    {
        await ChatAsync(client, Other);
        Assert.Equal(runtime, (await ChatAsync(client, Main)).Runtime);
    }

    private static async Task<(string Text, string Runtime)> ChatAsync(HttpClient client, string model)
    {
        using var response = await client.PostAsJsonAsync("/api/v0/chat/completions", new
        {
            model,
            messages = new[] { new { role = "user", content = "Tell me a story about a fox." } },
            max_tokens = 16,
            draft_model = "off",
        });
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(response.IsSuccessStatusCode, answer.GetRawText());
        var text = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.NotEmpty(text);
        var list = await client.GetFromJsonAsync<JsonElement>("/api/tandem/runtimes");
        // The lease ends a moment after the answer: until then the worker is busy.
        var runtime = list.GetProperty("runtimes").EnumerateArray()
            .Single(item => item.GetProperty("workers").EnumerateArray().Any(worker => worker.GetProperty("model").GetString() == model && worker.GetProperty("state").GetString() is "ready" or "busy"));
        return (text, runtime.GetProperty("id").GetString()!);
    }
}
