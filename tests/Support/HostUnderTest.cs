using System.Net;
using System.Text;
using System.Text.Json;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tandem.Host;
using Tandem.Host.Pairs;
using Tandem.Host.Serving;

namespace Tandem.Tests.Support;

/// <summary>A whole supervisor on a port of its own, with the fake engine and these models: name to script, key <c>test/name</c>.</summary>
internal sealed class HostUnderTest : IAsyncDisposable
{
    public const string Chat = "/v1/chat/completions";
    public const string NativeChat = "/api/v0/chat/completions";
    public const string Completions = "/v1/completions";
    public const string NativeCompletions = "/api/v0/completions";

    private readonly FakeHome _home;

    private HostUnderTest(FakeHome home, SupervisorHost host)
    {
        (_home, Host) = (home, host);
        Client = ClientOf(host);
    }

    public SupervisorHost Host { get; private set; }

    public HttpClient Client { get; private set; }

    public HostOptions Options => _home.Options;

    public ModelServer Server => Host.Services.GetRequiredService<ModelServer>();

    public static Task<HostUnderTest> StartAsync(params (string Name, FakeScript Script)[] models) => StartAsync(options => options, models);

    /// <param name="change">Changes the options of the host before it starts.</param>
    public static async Task<HostUnderTest> StartAsync(Func<HostOptions, HostOptions> change, params (string Name, FakeScript Script)[] models)
    {
        var home = new FakeHome();
        foreach (var (name, script) in models)
        {
            var folder = Directory.CreateDirectory(Path.Combine(home.Options.HomeFolder, "models", "test", name));
            ScriptFile.Write(Path.Combine(folder.FullName, name + ScriptFile.Extension), script);
        }

        return new HostUnderTest(home, await StartAsync(change(home.Options)));
    }

    /// <summary>Stops the supervisor and starts another on the same home.</summary>
    /// <param name="change">Starts it otherwise than before.</param>
    public async Task RestartAsync(Func<HostOptions, HostOptions>? change = null)
    {
        Client.Dispose();
        await Host.DisposeAsync();
        Host = await StartAsync(change?.Invoke(Options) ?? Options);
        Client = ClientOf(Host);
    }

    /// <summary>Every pair of the models that were there at the start is judged.</summary>
    public Task IndexedAsync() => Host.Services.GetRequiredService<PairIndex>().Ready.WaitAsync(FakeHome.Bound);

    public async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return (response.StatusCode, Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <param name="body">JSON as it is sent.</param>
    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string body)
    {
        using var response = await SendAsync(path, body);
        return (response.StatusCode, Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <inheritdoc cref="PostAsync"/>
    public async Task<(HttpStatusCode Status, JsonElement Body)> PutAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Client.PutAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>The data of every event, the closing mark included.</summary>
    public async Task<List<string>> StreamAsync(string path, string body)
    {
        using var response = await SendAsync(path, body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(entry =>
        {
            Assert.StartsWith("data: ", entry, StringComparison.Ordinal);
            return entry["data: ".Length..];
        })];
    }

    public Task<HttpResponseMessage> SendAsync(string path, string body) =>
        Client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") },
            HttpCompletionOption.ResponseHeadersRead);

    /// <summary>Sets the script of the fake engine's processes from now on.</summary>
    public void Script(FakeScript process) => _home.Script(process);

    /// <summary>A chat request with one message from the user.</summary>
    /// <param name="further">More fields, each with a comma before it.</param>
    public static string Ask(string model, string text = "Hi", string further = "") =>
        $$"""{"model": "{{model}}", "messages": [{"role": "user", "content": {{JsonSerializer.Serialize(text)}}}]{{further}}}""";

    /// <summary>A request for a continuation.</summary>
    /// <param name="further">More fields, each with a comma before it.</param>
    public static string Continue(string model, string prompt = "Hi", string further = "") =>
        $$"""{"model": "{{model}}", "prompt": {{JsonSerializer.Serialize(prompt)}}{{further}}}""";

    private static async Task<SupervisorHost> StartAsync(HostOptions options) => Assert.IsType<SupervisorStart.Started>(
        await SupervisorHost.StartAsync(options, new Tandem.Host.ListenOptions(LogLevel: LogLevel.None), CancellationToken.None)).Host;

    private static HttpClient ClientOf(SupervisorHost host) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(host.Url), Timeout = FakeHome.Bound };

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        await _home.DisposeAsync();
    }
}
