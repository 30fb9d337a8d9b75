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

    private static JsonElement Parse(JsonNode node) => HostUnderTest.Parse(node.ToJsonString());

    /// <summary>Fields that are there and not described, or required and not there.</summary>
    private List<string> Undescribed(JsonElement value, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            schema = _document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var found = choices.EnumerateArray().Select(choice => Undescribed(value, choice, path)).ToList();
            return found.MinBy(problems => problems.Count) ?? [];
        }

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
}
