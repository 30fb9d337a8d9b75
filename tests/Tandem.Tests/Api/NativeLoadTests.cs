using System.Net;
using System.Text.Json;
using FakeEngine.Scripts;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>Loading and unloading by hand: LM Studio's endpoints, and the same fields at <c>/api/tandem/workers</c>.</summary>
public sealed class NativeLoadTests : IAsyncLifetime
{
    private const string Load = "/api/v1/models/load";
    private const string Unload = "/api/v1/models/unload";
    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(
        ("main", FakeScripts.Saying(FakeToken.FromMain("Hello"))), ("draft", new FakeScript { ParameterCount = 10 }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_model_is_loaded_with_its_draft_and_configuration_and_unloaded_again()
    {
        var (status, loaded) = await _host.PostAsync(
            Load, """{"model": "MAIN", "draft_model": "draft", "context_length": 777, "flash_attention": true, "load": {"parallel": 2}, "echo_load_config": true}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("llm", "test/main", "loaded"), (loaded.GetProperty("type").GetString(), loaded.GetProperty("instance_id").GetString(), loaded.GetProperty("status").GetString()));
        Assert.True(loaded.GetProperty("load_time_seconds").GetDouble() > 0);
        var config = loaded.GetProperty("load_config");
        Assert.Equal((777, 2), (config.GetProperty("context_length").GetInt32(), config.GetProperty("parallel").GetInt32()));
        Assert.Equal((true, "test/draft"), (config.GetProperty("flash_attention").GetBoolean(), config.GetProperty("draft_model").GetString()));

        (status, var unloaded) = await _host.PostAsync(Unload, """{"instance_id": "test/main"}""");
        Assert.Equal((HttpStatusCode.OK, "test/main"), (status, unloaded.GetProperty("instance_id").GetString()));
        Assert.Empty(_host.Server.Workers);
    }

    [Fact]
    public async Task A_second_instance_has_a_name_of_its_own_and_is_unloaded_alone()
    {
        await _host.PostAsync(Load, """{"model": "main"}""");
        var (_, second) = await _host.PostAsync(Load, """{"model": "main"}""");
        Assert.Equal("test/main:2", second.GetProperty("instance_id").GetString());

        await _host.PostAsync(Unload, """{"instance_id": "main"}""");
        Assert.Equal(["test/main:2"], _host.Server.Instances.Select(instance => instance.InstanceId));
        var (status, gone) = await _host.PostAsync(Unload, """{"instance_id": "main:2"}""");
        Assert.Equal((HttpStatusCode.OK, "test/main:2"), (status, gone.GetProperty("instance_id").GetString()));
        (status, _) = await _host.PostAsync(Unload, """{"instance_id": "main"}""");
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [Theory]
    [InlineData("""{}""", HttpStatusCode.NotFound, "model")]
    [InlineData("""{"model": "nobody"}""", HttpStatusCode.NotFound, "model")]
    [InlineData("""{"model": "main", "draft_model": "nobody"}""", HttpStatusCode.NotFound, "draft_model")]
    [InlineData("""{"model": "main", "context_length": "long"}""", HttpStatusCode.BadRequest, "context_length")]
    [InlineData("""{"model": "main", "eval_batch_size": -1}""", HttpStatusCode.BadRequest, "eval_batch_size")]
    [InlineData("""{"model": "main", "load": {"threads": 0}}""", HttpStatusCode.BadRequest, "load.threads")]
    [InlineData("""{"model": "main", "load": {"draft": {"frobnicate": 1}}}""", HttpStatusCode.BadRequest, "load.draft.frobnicate")]
    [InlineData("""{"model": "main", "runtime": "fake@9"}""", HttpStatusCode.NotFound, "runtime")]
    [InlineData("""{"model": "main", "ttl": 0}""", HttpStatusCode.BadRequest, "ttl")]
    public async Task What_cannot_be_loaded_is_refused_with_the_name_of_the_field(string body, HttpStatusCode status, string field)
    {
        foreach (var path in (string[])[Load, "/api/tandem/workers"])
        {
            var (answer, error) = await _host.PostAsync(path, body);
            Assert.Equal((status, field), (answer, error.GetProperty("error").GetProperty("param").GetString()));
        }

        Assert.Empty(_host.Server.Workers);
    }

    [Fact]
    public async Task A_runtime_that_is_named_by_its_beginning_is_the_one_that_runs()
    {
        var id = (await _host.GetAsync("/api/tandem/runtimes")).Body.GetProperty("runtimes").EnumerateArray()
            .Select(runtime => runtime.GetProperty("id").GetString()!).First(id => id.StartsWith("fake@", StringComparison.Ordinal));
        await _host.PostAsync(Load, JsonSerializer.Serialize(new { model = "main", runtime = id[..^1] }));
        Assert.Equal(id, Assert.Single(_host.Server.Workers).RuntimeId);
    }
}
