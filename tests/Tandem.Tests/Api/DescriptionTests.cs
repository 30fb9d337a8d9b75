using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>What <c>/openapi/v1.json</c> says of the clients' endpoints is what they do.</summary>
public sealed class DescriptionTests : IAsyncLifetime
{
    private HostUnderTest _host = null!;
    private JsonElement _document;

    public async ValueTask InitializeAsync()
    {
        _host = await HostUnderTest.StartAsync(
            ("main", FakeScripts.TwelveTenZeroTwo()), ("draft", new FakeScript { ParameterCount = 10 }), ("embedder", new FakeScript { CanGenerate = false }));
        (_, _document) = await _host.GetAsync("/openapi/v1.json");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/api/v0/chat/completions")]
    [InlineData("/v1/completions")]
    [InlineData("/api/v0/completions")]
    [InlineData("/v1/embeddings")]
    [InlineData("/api/v0/embeddings")]
    public async Task The_example_is_answered_as_described(string path)
    {
        var post = _document.GetProperty("paths").GetProperty(path).GetProperty("post");
        var content = post.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
        var example = JsonNode.Parse(content.GetProperty("example").GetRawText())!.AsObject();
        Assert.Empty(Undescribed(Parse(example), content.GetProperty("schema"), ""));
        example["model"] = path.EndsWith("embeddings", StringComparison.Ordinal) ? "embedder" : "main";
        if (example.ContainsKey("draft_model"))
            example["draft_model"] = "draft";

        var (status, answer) = await _host.PostAsync(path, example.ToJsonString());

        Assert.True(status == HttpStatusCode.OK, answer.GetRawText());
        var schema = post.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Empty(Undescribed(answer, schema, ""));
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/api/v0/models")]
    [InlineData("/api/v1/models")]
    public async Task A_list_is_what_is_described(string path)
    {
        var (_, answer) = await _host.GetAsync(path);
        var schema = _document.GetProperty("paths").GetProperty(path).GetProperty("get").GetProperty("responses").GetProperty("200")
            .GetProperty("content").GetProperty("application/json").GetProperty("schema");
        Assert.Empty(Undescribed(answer, schema, ""));
    }

    [Fact]
    public async Task What_the_pages_ask_for_is_what_is_described()
    {
        var (_, job) = await _host.PostAsync("/api/tandem/bench", """{"model": "main", "drafts": ["draft"], "prompts": ["Hi"], "rounds": 1, "max_tokens": 4}""");
        await _host.IndexedAsync();
        await Until.TrueAsync(async () => (await _host.GetAsync($"/api/tandem/jobs/{job.GetProperty("id").GetString()}")).Body.GetProperty("state").GetString() != "running");
        await _host.PutAsync("/api/tandem/models/test/main/defaults", """{"draft_model": "test/draft", "sampling": {"temperature": 0}}""");
        await _host.PutAsync("/api/tandem/chats/aaaaaaaa1", """{"settings": {"model": "test/main"}}""");
        await _host.PutAsync("/api/tandem/chats/aaaaaaaa1/messages/message-1", """{"role": "user", "content": "Hi", "meta": {}}""");
        var worker = (await _host.GetAsync("/api/tandem/workers")).Body.GetProperty("workers")[0].GetProperty("id").GetString();

        var problems = new List<string>();
        foreach (var (path, described) in PagesPaths(worker))
        {
            var (status, answer) = await _host.GetAsync(path);
            Assert.True(status == HttpStatusCode.OK, $"{path}: {answer}");
            var schema = _document.GetProperty("paths").GetProperty(described).GetProperty("get").GetProperty("responses").GetProperty("200")
                .GetProperty("content").GetProperty("application/json").GetProperty("schema");
            problems.AddRange(Undescribed(answer, schema, described));
        }

        Assert.Empty(problems);
    }

    [Fact]
    public async Task Every_event_of_a_streamed_answer_is_as_described()
    {
        var schema = _document.GetProperty("paths").GetProperty(HostUnderTest.NativeChat).GetProperty("post").GetProperty("responses").GetProperty("200")
            .GetProperty("content").GetProperty("text/event-stream").GetProperty("schema");
        var events = await _host.StreamAsync(HostUnderTest.NativeChat, HostUnderTest.Ask(
            "main", further: ""","draft_model": "draft", "stream": true, "stream_options": {"include_draft_origin": true, "include_usage": true}"""));
        Assert.Equal("[DONE]", events[^1]);
        Assert.Empty(events[..^1].SelectMany(data => Undescribed(HostUnderTest.Parse(data), schema, "")));
        Assert.Contains(events, data => data.Contains("\"origin\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_part_of_a_path_is_a_described_parameter()
    {
        foreach (var path in _document.GetProperty("paths").EnumerateObject().Where(path => path.Name.Contains('{', StringComparison.Ordinal)))
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var names = operation.Value.GetProperty("parameters").EnumerateArray().Select(parameter => $"{{{parameter.GetProperty("name").GetString()}}}");
                Assert.Equal(path.Name.Split('/').Where(part => part.StartsWith('{')), names);
            }
        }
    }

    private static IEnumerable<(string Path, string Described)> PagesPaths(string? worker)
    {
        foreach (var same in new[] { "models", "workers", "runtimes", "runtimes/available", "answers", "jobs", "settings", "system", "chats", "bench" })
            yield return ($"/api/tandem/{same}", $"/api/tandem/{same}");
        yield return ("/api/tandem/pairs?main=main", "/api/tandem/pairs");
        yield return ("/api/tandem/models/test/main/defaults", "/api/tandem/models/{key}");
        yield return ("/api/tandem/chats/aaaaaaaa1", "/api/tandem/chats/{id}");
        yield return ($"/api/tandem/workers/{worker}/log", "/api/tandem/workers/{id}/log");
        yield return ("/health", "/health");
    }

    private static JsonElement Parse(JsonNode node) => HostUnderTest.Parse(node.ToJsonString());

    /// <summary>Fields that are there and not described, or required and not there; values of another type, or not among those named.</summary>
    private List<string> Undescribed(JsonElement value, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            schema = _document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var found = choices.EnumerateArray().Select(choice => Undescribed(value, choice, path)).ToList();
            return found.MinBy(problems => problems.Count) ?? [];
        }

        if (schema.TryGetProperty("type", out var type) && !NamesOf(value).Intersect(TypesOf(type)).Any())
            return [$"{path} is {value.GetRawText()}, not {type}"];
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)))
            return [$"{path} is {value.GetRawText()}, not one of {allowed}"];
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
            return [.. value.EnumerateArray().SelectMany((item, i) => Undescribed(item, items, $"{path}[{i}]"))];
        if (value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
            return [];
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!) : [];
        return
        [
            .. required.Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{path}.{name} is missing"),
            .. value.EnumerateObject().SelectMany(field => properties.TryGetProperty(field.Name, out var inner)
                ? Undescribed(field.Value, inner, $"{path}.{field.Name}")
                : [$"{path}.{field.Name} is not described"]),
        ];
    }

    private static IEnumerable<string?> TypesOf(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()) : [type.GetString()];

    /// <summary>The types that a value has.</summary>
    private static string[] NamesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out _) => ["integer", "number"],
        JsonValueKind.Number => ["number"],
        JsonValueKind.String => ["string"],
        JsonValueKind.True or JsonValueKind.False => ["boolean"],
        JsonValueKind.Array => ["array"],
        JsonValueKind.Object => ["object"],
        _ => ["null"],
    };
}
