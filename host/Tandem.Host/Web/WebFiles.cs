using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Tandem.Host.Web;

/// <summary>One file of the pages as it lies in the assembly.</summary>
/// <param name="Compressed">The bytes are Brotli.</param>
internal sealed record WebFile(byte[] Bytes, bool Compressed, string ContentType, string Tag);

/// <summary>The pages: an archive in this assembly, unpacked with the first request, kept as small as it came.</summary>
internal sealed class WebFiles
{
    private const string CompressedSuffix = ".br";

    private readonly Lazy<FrozenDictionary<string, WebFile>> _files = new(Read);

    public WebFile? Find(string path) => _files.Value.GetValueOrDefault(path);

    private static FrozenDictionary<string, WebFile> Read()
    {
        var archive = typeof(WebFiles).Assembly.GetManifestResourceStream("web.zip")
            ?? throw new InvalidOperationException("the build puts the pages into this assembly");
        using var zip = new ZipArchive(archive);
        return zip.Entries.Where(entry => entry.Name.Length > 0).Select(ReadEntry).ToFrozenDictionary(file => file.Path, file => file.File, StringComparer.Ordinal);
    }

    private static (string Path, WebFile File) ReadEntry(ZipArchiveEntry entry)
    {
        var bytes = new byte[entry.Length];
        using (var stream = entry.Open())
            stream.ReadExactly(bytes);
        var path = "/" + entry.FullName.Replace('\\', '/');
        var compressed = path.EndsWith(CompressedSuffix, StringComparison.Ordinal);
        if (compressed)
            path = path[..^CompressedSuffix.Length];
        return (path, new WebFile(bytes, compressed, TypeOf(path), $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12))}\""));
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
}
