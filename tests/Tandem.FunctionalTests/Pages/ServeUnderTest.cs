using System.Net.Http.Json;
using System.Text.Json;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Pages;

/// <summary>The built command serving from a home of its own: real workers, real models.</summary>
internal sealed class ServeUnderTest : IAsyncDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("tw-");
    private readonly string[] _arguments;
    private CommandUnderTest _command;

    private ServeUnderTest(string[] arguments, CommandUnderTest command, DirectoryInfo home) => (_arguments, _command, _home) = (arguments, command, home);

    public required string Url { get; init; }

    public HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false });

    public int Pid => _command.Pid;

    public string Models => Path.Combine(_home.FullName, "models");

    /// <param name="prepare">Puts files into the home before the start.</param>
    public static async Task<ServeUnderTest> StartAsync(Action<string>? prepare = null, params string[] further)
    {
        var home = Directory.CreateTempSubdirectory("tw-");
        Directory.CreateDirectory(Path.Combine(home.FullName, "models"));
        prepare?.Invoke(home.FullName);
        string[] arguments = ["serve", "--home", home.FullName, .. further];
        var command = await CommandUnderTest.StartAsync(home.FullName, [.. arguments, "--port", "0"]);
        return new ServeUnderTest(arguments, command, home) { Url = await command.UrlAsync() };
    }

    public Task<JsonElement> GetAsync(string path) => Client.GetFromJsonAsync<JsonElement>(Url + path);

    public async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await Client.PostAsJsonAsync(Url + path, body);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task PutAsync(string path, object body)
    {
        using var response = await Client.PutAsJsonAsync(Url + path, body);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Measures the embedded pair, so that there is something to show.</summary>
    public async Task BenchAsync(int rounds, int tokens, params string[] prompts)
    {
        await using var events = await Client.GetStreamAsync(new Uri(Url + "/api/tandem/events"));
        using var reader = new StreamReader(events);
        var job = await PostAsync("/api/tandem/bench", new { model = "tandem/storyteller", drafts = new[] { "tandem/storyteller-draft" }, prompts, rounds, max_tokens = tokens });
        var id = job.GetProperty("id").GetString()!;
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal) && JsonElement.Parse(line["data: ".Length..]).GetProperty("state").GetString() is not "running" and var state)
            {
                Assert.Equal("succeeded", state);
                return;
            }
        }
    }

    /// <summary>Ends it as a user would.</summary>
    public async Task StopAsync()
    {
        _command.Signal(CommandUnderTest.Sigterm);
        await _command.EndAsync();
    }

    /// <summary>Starts it again at the same address.</summary>
    public async Task StartAgainAsync()
    {
        await _command.DisposeAsync();
        _command = await CommandUnderTest.StartAsync(_home.FullName, [.. _arguments, "--port", new Uri(Url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        Assert.Equal(Url, await _command.UrlAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _command.DisposeAsync();
        _home.Delete(recursive: true);
    }
}
