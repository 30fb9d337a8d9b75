using System.Net.Http.Json;
using System.Text.Json;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>The built <c>tandem</c> with an MLX runtime in its home.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxHostTests : IDisposable
{
    private const string Fox = "Tell me a story about a fox.";
    private readonly List<string> _homes = [];

    [Fact]
    public async Task The_embedded_MLX_model_answers_with_its_draft()
    {
        var home = await NewHomeAsync();
        await using var command = await CommandUnderTest.StartAsync(
            home, ["run", "-m", "tandem/storyteller-mlx", "--max-tokens", "60", "--json", Fox]);
        var (exit, text, error) = await command.EndAsync();
        Assert.True(exit == 0, error);
        var answer = JsonElement.Parse(text);
        Assert.NotEqual("", answer.GetProperty("content").GetString());
        Assert.Equal("tandem/storyteller-draft-mlx", answer.GetProperty("draft_model").GetString());
        Assert.True(answer.GetProperty("stats").GetProperty("accepted_draft_tokens_count").GetInt32() > 20, text);
    }

    [Fact]
    public async Task With_and_without_a_draft_streamed_and_not_the_text_is_the_same_and_a_GGUF_draft_is_refused()
    {
        var home = await NewHomeAsync();
        await using var host = await CommandUnderTest.StartAsync(home, ["serve", "--port", "0"]);
        using var client = new HttpClient { BaseAddress = new Uri(await host.UrlAsync()), Timeout = CommandUnderTest.Bound };

        var plain = await AskAsync(client, "/v1/chat/completions", "off");
        var drafted = await AskAsync(client, "/api/v0/chat/completions", "tandem/storyteller-draft-mlx");
        Assert.Equal(Content(plain), Content(drafted));
        Assert.False(plain.GetProperty("stats").TryGetProperty("draft_model", out _));
        Assert.True(drafted.GetProperty("stats").GetProperty("accepted_draft_tokens_count").GetInt32() > 0);
        Assert.Equal(Content(plain), await StreamAsync(client));

        using var refused = await client.PostAsJsonAsync("/v1/chat/completions", Request("tandem/storyteller-draft"));
        var error = JsonElement.Parse(await refused.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal((400, "draft_engine_mismatch"), ((int)refused.StatusCode, error.GetProperty("code").GetString()));

        using var asDefault = await client.PutAsJsonAsync("/api/tandem/models/tandem%2Fstoryteller-mlx/defaults", new { draft_model = "tandem/storyteller-draft" });
        error = JsonElement.Parse(await asDefault.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal((400, "draft_engine_mismatch"), ((int)asDefault.StatusCode, error.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(150)]
    [InlineData(400)]
    [InlineData(2000)]
    public async Task A_killed_supervisor_leaves_no_MLX_worker_behind(int milliseconds)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what lives is looked up in /proc");
        var home = await NewHomeAsync();
        await using var host = await CommandUnderTest.StartAsync(home, ["serve", "--port", "0"]);
        using var client = new HttpClient { BaseAddress = new Uri(await host.UrlAsync()), Timeout = CommandUnderTest.Bound };
        var asked = client.PostAsJsonAsync("/v1/chat/completions", Request("", stream: true, tokens: 2000));
        await Until.TrueAsync(() => CommandUnderTest.ChildrenOf(host.Pid).Count > 0);
        // During its start, its imports, the load, and in the middle of an answer.
        await Task.Delay(milliseconds);
        var workers = CommandUnderTest.ChildrenOf(host.Pid);
        Assert.NotEmpty(workers);
        host.Signal(9);
        await Until.TrueAsync(() => !workers.Any(CommandUnderTest.IsAlive) && ProcessList.Mentioning(home).Count == 0);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => asked);
    }

    public void Dispose()
    {
        foreach (var home in _homes)
            Directory.Delete(home, recursive: true);
    }

    private async Task<string> NewHomeAsync()
    {
        var home = (await MlxRuntime.RequireAsync()).NewHome();
        _homes.Add(home);
        return home;
    }

    private static object Request(string draft, bool stream = false, int tokens = 60) => new
    {
        model = "tandem/storyteller-mlx",
        messages = new[] { new { role = "user", content = Fox } },
        draft_model = draft,
        temperature = 0,
        max_tokens = tokens,
        stream,
    };

    private static async Task<JsonElement> AskAsync(HttpClient client, string path, string draft)
    {
        using var response = await client.PostAsJsonAsync(path, Request(draft));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    private static async Task<string> StreamAsync(HttpClient client)
    {
        using var response = await client.PostAsJsonAsync("/v1/chat/completions", Request("tandem/storyteller-draft-mlx", stream: true));
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal));
        return string.Concat(lines.Select(line => JsonElement.Parse(line["data: ".Length..]).GetProperty("choices"))
            .Where(choices => choices.GetArrayLength() > 0)
            .Select(choices => choices[0].GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : ""));
    }

    private static string? Content(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
}
