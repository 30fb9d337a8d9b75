using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Plugins;

/// <summary>The built command with a folder more in <c>plugins/</c> and one more in <c>engines/</c>: all that an engine takes.</summary>
public sealed class ThirdEngineTests
{
    [Fact]
    public async Task An_engine_put_beside_the_executable_is_listed_launched_and_answers_and_broken_plugins_say_why()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there that a test does not have");
        using var folder = new TemporaryFolder();
        var app = AppCopy.Make(folder.Path, "FakePlugin", "ThrowingPlugin", "WrongContractPlugin");
        ScriptFile.Write(folder.Write("home/models/test/third/third" + ScriptFile.Extension, ""), new FakeScript { Answers = [new() { Steps = [["Hello ", "from a third engine"]] }] });
        await using var serve = await CommandUnderTest.StartAsync(Path.Combine(folder.Path, "home"), ["serve", "--port", "0"], appFolder: app);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(await serve.UrlAsync()) };

        var report = await client.GetFromJsonAsync<JsonElement>("/api/tandem/runtimes", TestContext.Current.CancellationToken);
        var plugins = report.GetProperty("plugins").EnumerateArray().ToDictionary(plugin => plugin.GetProperty("id").GetString()!);
        Assert.Equal("loaded", plugins["fake"].GetProperty("state").GetString());
        Assert.Equal("loaded", plugins["llama.cpp"].GetProperty("state").GetString());
        Assert.Equal("broken", plugins["throwing"].GetProperty("state").GetString());
        Assert.NotEqual("", plugins["throwing"].GetProperty("reason").GetString());
        Assert.Equal("incompatible", plugins["wrong-contract"].GetProperty("state").GetString());
        Assert.Contains("contract", plugins["wrong-contract"].GetProperty("reason").GetString(), StringComparison.Ordinal);

        using var question = new StringContent(HostUnderTest.Ask("test/third"), Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(HostUnderTest.Chat, UriKind.Relative), question, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("Hello from a third engine", body, StringComparison.Ordinal);
    }
}
