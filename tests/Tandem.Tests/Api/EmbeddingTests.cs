using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

public sealed class EmbeddingTests : IAsyncLifetime
{
    private const string V1 = "/v1/embeddings";

    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("embedder", new FakeScript { CanGenerate = false, ContextLength = 64 }), ("writer", new FakeScript { CanEmbed = false }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(V1)]
    [InlineData("/api/v0/embeddings")]
    public async Task A_batch_comes_back_in_order_with_its_tokens_counted(string path)
    {
        var (status, body) = await _host.PostAsync(path, """{"model":"embedder","input":["ab","c"]}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("test/embedder", body.GetProperty("model").GetString());
        Assert.Equal([0, 1], body.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("index").GetInt32()));
        Assert.Equal("""{"prompt_tokens":3,"total_tokens":3}""", body.GetProperty("usage").GetRawText());
        Assert.All(body.GetProperty("data").EnumerateArray(), item => Assert.Equal(1, Values(item).Sum(value => value * value), 0.001));
    }

    [Fact]
    public async Task A_text_and_its_token_ids_are_the_same_input()
    {
        var (_, text) = await _host.PostAsync(V1, """{"model":"embedder","input":"ab"}""");
        var (_, ids) = await _host.PostAsync(V1, """{"model":"embedder","input":[97,98]}""");
        Assert.Equal(text.GetProperty("data").GetRawText(), ids.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Base64_holds_the_same_numbers()
    {
        var (_, plain) = await _host.PostAsync(V1, """{"model":"embedder","input":"ab"}""");
        var (_, coded) = await _host.PostAsync(V1, """{"model":"embedder","input":"ab","encoding_format":"base64"}""");
        var bytes = Convert.FromBase64String(coded.GetProperty("data")[0].GetProperty("embedding").GetString()!);
        Assert.Equal(Values(plain.GetProperty("data")[0]), MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    [Theory]
    [InlineData("""{"model":"embedder"}""", "invalid_value", "input")]
    [InlineData("""{"model":"embedder","input":""}""", "invalid_value", "input")]
    [InlineData("""{"model":"embedder","input":["a",""]}""", "invalid_value", "input[1]")]
    [InlineData("""{"model":"embedder","input":{"a":1}}""", "invalid_value", "input")]
    [InlineData("""{"model":"embedder","input":"a","encoding_format":"hex"}""", "invalid_value", "encoding_format")]
    [InlineData("""{"model":"embedder","input":"a","dimensions":0}""", "invalid_value", "dimensions")]
    [InlineData("""{"model":"embedder","input":"a","dimensions":3}""", "not_supported", "dimensions")]
    [InlineData("""{"model":"writer","input":"a"}""", "not_supported", "model")]
    public async Task What_is_wrong_is_named(string body, string code, string param)
    {
        var (status, answer) = await _host.PostAsync(V1, body);
        var error = answer.GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, code, param), (status, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task A_text_over_the_context_is_refused()
    {
        var (status, answer) = await _host.PostAsync(V1, $$"""{"model":"embedder","input":"{{new string('x', 100)}}"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "context_length_exceeded"), (status, answer.GetProperty("error").GetProperty("code").GetString()));
        Assert.StartsWith("input", answer.GetProperty("error").GetProperty("param").GetString(), StringComparison.Ordinal);
    }

    private static float[] Values(JsonElement item) => [.. item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())];
}
