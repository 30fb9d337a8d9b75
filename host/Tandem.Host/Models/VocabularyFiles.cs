using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>
/// Vocabularies as files, <c>TANDEM_HOME/cache/vocabularies/FINGERPRINT</c>. Not in the database: they are a megabyte each, never change,
/// can be made again at any time, and would be copied with it before every migration. Content: SHA-256 of the rest; number of tokens;
/// where each text ends; the texts.
/// </summary>
internal sealed class VocabularyFiles(HostOptions options, ILogger<VocabularyFiles> logger) : IVocabularyArchive
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int HeadBytes = HashBytes + sizeof(int);

    private readonly string _folder = Path.Combine(options.HomeFolder, "cache", "vocabularies");

    public bool Has(string fingerprint) => PathOf(fingerprint) is { } path && File.Exists(path);

    public Vocabulary? Find(string fingerprint)
    {
        try
        {
            return PathOf(fingerprint) is { } path && File.Exists(path) ? Parse(fingerprint, File.ReadAllBytes(path)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ModelLog.CacheUnusable(logger, "read", exception.Message);
            return null;
        }
    }

    public bool Add(Vocabulary vocabulary)
    {
        try
        {
            if (PathOf(vocabulary.Fingerprint) is not { } path)
                return false;
            // A damaged one must not be taken for one that is kept.
            if (Find(vocabulary.Fingerprint) is null)
            {
                Directory.CreateDirectory(_folder);
                AtomicFile.Write(path, Format(vocabulary));
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ModelLog.CacheUnusable(logger, "written", exception.Message);
            return false;
        }
    }

    /// <summary>Removes what no listed model has.</summary>
    public void KeepOnly(IReadOnlySet<string> fingerprints)
    {
        try
        {
            if (!Directory.Exists(_folder))
                return;
            foreach (var path in Directory.EnumerateFiles(_folder).Where(path => !fingerprints.Contains(Path.GetFileName(path))))
                File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ModelLog.CacheUnusable(logger, "tidied", exception.Message);
        }
    }

    private static byte[] Format(Vocabulary vocabulary)
    {
        var content = new byte[HeadBytes + vocabulary.Count * sizeof(int) + vocabulary.Texts.Length];
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(HashBytes), vocabulary.Count);
        MemoryMarshal.AsBytes(vocabulary.Ends).CopyTo(content.AsSpan(HeadBytes));
        vocabulary.Texts.CopyTo(content.AsSpan(HeadBytes + vocabulary.Count * sizeof(int)));
        SHA256.HashData(content.AsSpan(HashBytes), content);
        return content;
    }

    /// <summary>Null for a damaged file.</summary>
    private static Vocabulary? Parse(string fingerprint, byte[] content)
    {
        if (content.Length < HeadBytes || !SHA256.HashData(content.AsSpan(HashBytes)).AsSpan().SequenceEqual(content.AsSpan(0, HashBytes)))
            return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(HashBytes));
        var ends = MemoryMarshal.Cast<byte, int>(content.AsSpan(HeadBytes, count * sizeof(int))).ToArray();
        return new Vocabulary(fingerprint, content[(HeadBytes + count * sizeof(int))..], ends);
    }

    /// <summary>Null for what is no hash: it comes from a plugin and must not lead out of the folder.</summary>
    private string? PathOf(string fingerprint) =>
        fingerprint.Length is > 0 and <= 128 && fingerprint.All(char.IsAsciiHexDigit) ? Path.Combine(_folder, fingerprint) : null;
}
