using System.Net;
using Tandem.Tests.Support;

namespace Tandem.Tests.Api;

/// <summary>No page of somebody else can act through the browser of this machine.</summary>
public sealed class GuardTests : IAsyncLifetime
{
    private HostUnderTest _host = null!;

    public async ValueTask InitializeAsync() => _host = await HostUnderTest.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("localhost:{port}", HttpStatusCode.OK)]
    [InlineData("LOCALHOST:{port}", HttpStatusCode.OK)]
    [InlineData("127.9.9.9:{port}", HttpStatusCode.OK)]
    [InlineData("[::1]:{port}", HttpStatusCode.OK)]
    // DNS rebinding: the name of a foreign page that was made to point here.
    [InlineData("evil.example:{port}", HttpStatusCode.Forbidden)]
    [InlineData("localhost.evil.example:{port}", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1.evil.example:{port}", HttpStatusCode.Forbidden)]
    [InlineData("192.168.0.1:{port}", HttpStatusCode.Forbidden)]
    [InlineData("0.0.0.0:{port}", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("127.0.0.1", HttpStatusCode.Forbidden)]
    public async Task Only_a_loopback_name_with_our_port_is_a_host(string header, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.Host = header.Replace("{port}", $"{_host.Client.BaseAddress!.Port}", StringComparison.Ordinal);
        await ExpectAsync(request, expected, "forbidden_host");
    }

    [Theory]
    [InlineData("http://127.0.0.1:{port}", HttpStatusCode.OK)]
    [InlineData("http://localhost:{port}", HttpStatusCode.Forbidden)]
    [InlineData("http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [InlineData("https://127.0.0.1:{port}", HttpStatusCode.Forbidden)]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    public async Task Only_our_own_origin_may_ask(string origin, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        request.Headers.Add("Origin", origin.Replace("{port}", $"{_host.Client.BaseAddress!.Port}", StringComparison.Ordinal));
        await ExpectAsync(request, expected, "forbidden_origin");
    }

    [Theory]
    // What a form or a simple request of a foreign page can send.
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("text/plain; application/json")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("")]
    public async Task A_post_that_is_no_json_is_refused(string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, HostUnderTest.Chat) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        if (contentType.Length > 0)
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        await ExpectAsync(request, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task A_post_of_json_reaches_its_endpoint(string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, HostUnderTest.Chat) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        await ExpectAsync(request, HttpStatusCode.BadRequest, "invalid_value");
    }

    [Fact]
    public async Task A_preflight_gets_no_permission()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, HostUnderTest.Chat);
        request.Headers.Add("Origin", "http://evil.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        using var response = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    private async Task ExpectAsync(HttpRequestMessage request, HttpStatusCode expected, string code)
    {
        using var response = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{response.StatusCode}: {body}");
        if (expected != HttpStatusCode.OK)
            Assert.Equal(code, HostUnderTest.Parse(body).GetProperty("error").GetProperty("code").GetString());
    }
}
