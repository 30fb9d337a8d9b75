using System.Net;
using System.Text.RegularExpressions;
using Tandem.Tests.Support;

namespace Tandem.Tests.Web;

public sealed partial class PagesTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/chats/0123456789ab")]
    [InlineData("/models")]
    [InlineData("/runtimes")]
    [InlineData("/workers")]
    [InlineData("/server")]
    [InlineData("/benchmark")]
    [InlineData("/about")]
    public async Task Every_page_has_an_address(string path)
    {
        await using var host = await HostUnderTest.StartAsync();
        using var response = await host.Client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task The_policy_of_a_page_lets_nothing_in_from_elsewhere_and_its_nonce_is_used_once()
    {
        await using var host = await HostUnderTest.StartAsync();
        var (first, policy) = await PageAsync(host);
        Assert.StartsWith("default-src 'none'; script-src 'self'; connect-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("://", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("__csp_nonce__", first, StringComparison.Ordinal);
        var nonce = Nonce().Match(policy).Groups[1].Value;
        Assert.NotEmpty(nonce);
        var (_, next) = await PageAsync(host);
        Assert.NotEqual(nonce, Nonce().Match(next).Groups[1].Value);
    }

    [Fact]
    public async Task What_a_page_names_is_there_on_this_host_compressed_and_kept_for_good()
    {
        await using var host = await HostUnderTest.StartAsync();
        var (page, _) = await PageAsync(host);
        var assets = Asset().Matches(page).Select(match => match.Groups[1].Value).ToList();
        Assert.SkipWhen(assets.Count == 0, "built with -p:SkipWeb=true or without npm");
        Assert.All(assets, asset => Assert.StartsWith("/", asset, StringComparison.Ordinal));
        foreach (var asset in assets)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, asset);
            request.Headers.AcceptEncoding.ParseAdd("br");
            using var response = await host.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(["br"], response.Content.Headers.ContentEncoding);
            Assert.True(asset == "/favicon.svg" || response.Headers.CacheControl is { MaxAge.TotalDays: > 300 });
            // A client that does not know Brotli gets it unpacked.
            var plain = await host.Client.GetByteArrayAsync(new Uri(asset, UriKind.Relative));
            Assert.True(plain.Length > (await response.Content.ReadAsByteArrayAsync()).Length);
        }
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_an_error_and_not_the_page()
    {
        await using var host = await HostUnderTest.StartAsync();
        var (status, body) = await host.GetAsync("/assets/none.js");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("not_found", body.GetProperty("error").GetProperty("code").GetString());
    }

    private static async Task<(string Page, string Policy)> PageAsync(HostUnderTest host)
    {
        using var response = await host.Client.GetAsync(new Uri("/", UriKind.Relative));
        return (await response.Content.ReadAsStringAsync(), response.Headers.GetValues("Content-Security-Policy").Single());
    }

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Asset();
}
