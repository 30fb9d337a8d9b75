using System.Net;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>LM Studio's lists of models.</summary>
public sealed class NativeModelTests : IAsyncLifetime
{
    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("main", FakeScripts.Saying(FakeToken.FromMain("Hello"))), ("embedder", new FakeScript { CanGenerate = false }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task The_list_tells_what_a_model_is_and_whether_it_is_loaded()
    {
        var (_, before) = await _host.GetAsync("/api/v0/models");
        Assert.Equal("list", before.GetProperty("object").GetString());
        Assert.Equal(["embeddings", "llm"], before.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("type").GetString()).Order());
        Assert.All(before.GetProperty("data").EnumerateArray(), model => Assert.Equal("not-loaded", model.GetProperty("state").GetString()));

        await _host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
        var (_, main) = await _host.GetAsync("/api/v0/models/test/main");
        Assert.Equal(
            """{"id":"test/main","object":"model","type":"llm","publisher":"test","arch":"fake","compatibility_type":"fake","quantization":"F32","state":"loaded","max_context_length":4096,"loaded_context_length":4096,"capabilities":[]}""",
            main.GetRawText());
    }

    [Theory]
    [InlineData("/api/v0/models/main")]
    [InlineData("/api/v0/models/test%2Fmain")]
    [InlineData("/v1/models/test/main")]
    [InlineData("/v1/models/test%2Fmain")]
    public async Task One_model_is_found_by_its_key_in_any_spelling(string path)
    {
        var (status, body) = await _host.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, "test/main"), (status, body.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("/api/v0/models/nobody")]
    [InlineData("/v1/models/nobody")]
    public async Task An_unknown_model_is_not_found(string path)
    {
        var (status, body) = await _host.GetAsync(path);
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (status, body.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task The_newer_list_tells_the_loaded_instances_with_their_configuration()
    {
        await _host.PostAsync(HostUnderTest.Chat, HostUnderTest.Ask("main"));
        var (_, body) = await _host.GetAsync("/api/v1/models");
        var main = body.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("key").GetString() == "test/main");
        Assert.Equal(("llm", "fake"), (main.GetProperty("type").GetString(), main.GetProperty("format").GetString()));
        var instance = Assert.Single(main.GetProperty("loaded_instances").EnumerateArray());
        Assert.Equal("test/main", instance.GetProperty("id").GetString());
        Assert.Equal(4096, instance.GetProperty("config").GetProperty("context_length").GetInt32());
        // Workers serve one at a time unless they are told otherwise: that comes from the supervisor.
        Assert.Equal(4, instance.GetProperty("config").GetProperty("parallel").GetInt32());
    }
}
