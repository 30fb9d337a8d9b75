using System.Diagnostics;
using System.Text.Json;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Clients;

/// <summary>Clients in other languages, as they are, against real models of every engine that is here.</summary>
[Trait("Tier", "Functional")]
public sealed class ScriptedClientTests(ServedModels served, ITestOutputHelper output) : IClassFixture<ServedModels>
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(4);

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task The_npm_package_openai_works(string model) => Check(model, await RunAsync(await NodePackages.ScriptAsync("openai.mjs"), model), full: true);

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task The_npm_packages_of_the_ai_sdk_work(string model) => Check(model, await RunAsync(await NodePackages.ScriptAsync("aisdk.mjs"), model), full: false);

    [Theory]
    [MemberData(nameof(ServedModels.Chatting), MemberType = typeof(ServedModels))]
    public async Task The_Python_package_openai_works(string model) => Check(model, await RunAsync(await PythonAsync(), model), full: true);

    private static async Task<ProcessStartInfo> PythonAsync()
    {
        var python = await PythonEnvironment.RequireAsync();
        return new ProcessStartInfo(python.Executable, [Path.Combine(AppContext.BaseDirectory, "Clients", "scripts", "openai_client.py")]);
    }

    private async Task<JsonElement> RunAsync(ProcessStartInfo start, string model)
    {
        served.Require(model);
        start.ArgumentList.Add(served.Url + "/v1");
        start.ArgumentList.Add(model);
        if (SharedFolder.Path is not null)
            start.ArgumentList.Add(ServedModels.Embedder);
        var text = await PythonEnvironment.RunAsync(start, Bound);
        output.WriteLine(text);
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <param name="model">That was asked.</param>
    /// <param name="seen">What the script printed.</param>
    /// <param name="full">The client shows all that OpenAI's own does.</param>
    private static void Check(string model, JsonElement seen, bool full)
    {
        Assert.NotEqual("", seen.GetProperty("whole").GetString());
        Assert.Equal(seen.GetProperty("whole").GetString(), seen.GetProperty("streamed").GetString());
        Assert.Equal((24, 24), (seen.GetProperty("tokens").GetInt32(), seen.GetProperty("streamedTokens").GetInt32()));
        Assert.Equal("stop", seen.GetProperty("stopReason").GetString());
        Assert.DoesNotContain("5", seen.GetProperty("stopped").GetString(), StringComparison.Ordinal);
        ServedModels.AssertSeedsRepeat(model, seen.GetProperty("seeded").EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!)));
        Assert.Equal(404, seen.GetProperty("error").GetProperty("status").GetInt32());
        if (SharedFolder.Path is not null)
            Assert.Equal("[384,384]", seen.GetProperty("embedding").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        if (!full)
        {
            Assert.NotEqual("", seen.GetProperty("text").GetString());
            return;
        }

        // The prompt was echoed, and its marks were taken as the model's own: what follows is the chat's answer. The template of SmolLM2 begins with more.
        var echoed = "<|im_start|>assistant\n" + (model == ServedModels.Smol ? "" : seen.GetProperty("whole").GetString()![..10]);
        Assert.Contains(echoed, seen.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal("assistant", seen.GetProperty("role").GetString());
        Assert.Equal(("model_not_found", "model"), (seen.GetProperty("error").GetProperty("code").GetString(), seen.GetProperty("error").GetProperty("param").GetString()));
        Assert.Equal((24, 24), (seen.GetProperty("loggedTokens").GetInt32(), seen.GetProperty("logprobs").GetInt32()));
        Assert.Equal(2, seen.GetProperty("several").GetInt32());
        Assert.Contains(seen.GetProperty("ids").EnumerateArray(), id => id.GetString()!.EndsWith(model, StringComparison.OrdinalIgnoreCase));
    }
}
