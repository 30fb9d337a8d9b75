using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tandem.Host.Web;

/// <summary>
/// Serves the pages. Names under <c>/assets</c> carry a hash of their content, so browsers keep them for good; the page itself is asked for
/// each time and gets a fresh nonce. Nothing is loaded from, or sent to, any other place: the policy says so to the browser.
/// </summary>
internal sealed partial class WebPages(RequestDelegate next, WebFiles files)
{
    /// <summary>Put there by the build of the pages.</summary>
    private const string NoncePlaceholder = "__csp_nonce__";

    private readonly Lazy<string> _page = new(() => ReadPage(files));

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            return next(context);
        if (Page().IsMatch(path))
            return PageAsync(context);
        return files.Find(path) is { } file && path != "/index.html" ? FileAsync(context, file) : next(context);
    }

    private Task PageAsync(HttpContext context)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:; "
            + $"style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        Protect(response);
        return response.WriteAsync(_page.Value.Replace(NoncePlaceholder, nonce, StringComparison.Ordinal), context.RequestAborted);
    }

    private static async Task FileAsync(HttpContext context, WebFile file)
    {
        var response = context.Response;
        Protect(response);
        response.Headers.CacheControl = context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.ETag = file.Tag;
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = file.ContentType;
        await WriteAsync(context, file);
    }

    private static async Task WriteAsync(HttpContext context, WebFile file)
    {
        var response = context.Response;
        if (!file.Compressed)
        {
            await response.Body.WriteAsync(file.Bytes, context.RequestAborted);
            return;
        }

        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.OrdinalIgnoreCase))
        {
            response.Headers.ContentEncoding = "br";
            await response.Body.WriteAsync(file.Bytes, context.RequestAborted);
            return;
        }

        // Browsers take it from this machine, and from others over TLS.
        await using var plain = new BrotliStream(new MemoryStream(file.Bytes), CompressionMode.Decompress);
        await plain.CopyToAsync(response.Body, context.RequestAborted);
    }

    private static void Protect(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    private static string ReadPage(WebFiles files)
    {
        var file = files.Find("/index.html") ?? throw new InvalidOperationException("the archive of the pages has an index.html");
        using Stream stream = file.Compressed ? new BrotliStream(new MemoryStream(file.Bytes), CompressionMode.Decompress) : new MemoryStream(file.Bytes);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Addresses that a browser may be sent to; the page itself finds out what to show.</summary>
    [GeneratedRegex("^/(chats/[A-Za-z0-9-]+|models|runtimes|workers|server|benchmark|about)?$")]
    private static partial Regex Page();
}
