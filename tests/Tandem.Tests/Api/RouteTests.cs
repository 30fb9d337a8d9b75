using System.Net;
using FakeEngine.Scripts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

public sealed class RouteTests : IAsyncLifetime
{
    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync(("main", new FakeScript()), ("embedder", new FakeScript { CanGenerate = false }));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Health_names_this_run_of_the_host()
    {
        var (status, body) = await _host.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(_host.Options.InstanceId, body.GetProperty("instance").GetString());
        Assert.Equal("ok", body.GetProperty("status").GetString());
        Assert.NotEqual("", body.GetProperty("version").GetString());
    }

    [Fact]
    public async Task Every_usable_model_is_listed_by_its_key()
    {
        var (_, body) = await _host.GetAsync("/v1/models");
        Assert.Equal("list", body.GetProperty("object").GetString());
        Assert.Equal(["test/embedder", "test/main"], body.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order());
        Assert.All(body.GetProperty("data").EnumerateArray(), model => Assert.Equal("test", model.GetProperty("owned_by").GetString()));
    }

    [Fact]
    public async Task The_host_is_ready_once_the_models_are_known()
    {
        await _host.GetAsync("/v1/models");
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/health/ready")).Status);
    }

    [Fact]
    public async Task Runtimes_and_plugins_are_listed_with_their_state()
    {
        var (_, body) = await _host.GetAsync("/api/tandem/runtimes");
        while (body.GetProperty("runtimes")[0].GetProperty("state").GetString() == "checking")
            (_, body) = await _host.GetAsync("/api/tandem/runtimes");
        var plugin = Assert.Single(body.GetProperty("plugins").EnumerateArray());
        Assert.Equal(("fake", "loaded"), (plugin.GetProperty("id").GetString(), plugin.GetProperty("state").GetString()));
        var runtime = Assert.Single(body.GetProperty("runtimes").EnumerateArray());
        Assert.Equal(("fake@1.0.0+1-cpu", "usable"), (runtime.GetProperty("id").GetString(), runtime.GetProperty("state").GetString()));
        Assert.True(runtime.GetProperty("selected").GetBoolean());
    }

    [Fact]
    public async Task The_document_of_the_interface_has_every_route()
    {
        var (status, body) = await _host.GetAsync("/openapi/v1.json");
        Assert.Equal(HttpStatusCode.OK, status);
        var mapped = _host.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(route => "/" + route.RoutePattern.RawText!.Trim('/').Replace("{**", "{", StringComparison.Ordinal)).Where(path => !path.StartsWith("/openapi", StringComparison.Ordinal)).ToHashSet();
        Assert.Contains("/v1/chat/completions", mapped);
        Assert.Equal(mapped.Order(StringComparer.Ordinal), body.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order(StringComparer.Ordinal));
        Assert.True(body.GetProperty("components").GetProperty("schemas").GetProperty("ChatCompletionRequest").GetProperty("properties").TryGetProperty("draft_model", out _));
    }

    [Theory]
    [InlineData("GET", "/nowhere", HttpStatusCode.NotFound, "not_found")]
    [InlineData("POST", "/v1/nowhere", HttpStatusCode.NotFound, "not_found")]
    [InlineData("GET", "/v1/chat/completions", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    [InlineData("POST", "/health", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    public async Task A_route_that_is_not_there_has_an_error_body(string method, string path, HttpStatusCode expected, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
            request.Content = new StringContent("{}", null, "application/json");
        using var response = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = HostUnderTest.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((expected, code), (response.StatusCode, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }
}
