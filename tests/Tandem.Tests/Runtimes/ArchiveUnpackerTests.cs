using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Tandem.Host.Runtimes.Install;

namespace Tandem.Tests.Runtimes;

/// <summary>Archives come from the network and from users: whatever they hold, nothing is written outside the folder.</summary>
public sealed class ArchiveUnpackerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tar_gz_tar_and_zip_unpack_alike()
    {
        (string Name, string Text)[] files = [("bin/a.so", "a"), ("b", "b")];
        foreach (var archive in new[] { Tar(gzip: true, files), Tar(gzip: false, files), Zip(files) })
        {
            var target = Target();
            await Unpack(target, archive);
            Assert.Equal("a", await File.ReadAllTextAsync(Path.Combine(target, "bin", "a.so"), TestContext.Current.CancellationToken));
            Assert.Equal("b", await File.ReadAllTextAsync(Path.Combine(target, "b"), TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("..\\out")]
    [InlineData("/tmp/out")]
    [InlineData("C:/out")]
    [InlineData("c:out")]
    public async Task A_name_that_leaves_the_folder_ends_it(string name)
    {
        foreach (var archive in new[] { Tar(gzip: true, [("good", "1"), (name, "bad")]), Zip([("good", "1"), (name, "bad")]) })
        {
            var target = Target();
            var refusal = await Assert.ThrowsAsync<InstallException>(() => Unpack(target, archive));
            Assert.Contains("cannot be trusted", refusal.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(_folder.Path, "out")));
            Assert.Equal(["good"], Directory.GetFiles(target).Select(Path.GetFileName));
        }
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink, "../../etc/passwd")]
    [InlineData(TarEntryType.SymbolicLink, "/etc/passwd")]
    [InlineData(TarEntryType.SymbolicLink, "missing")]
    [InlineData(TarEntryType.HardLink, "/etc/passwd")]
    [InlineData(TarEntryType.HardLink, "../x")]
    [InlineData(TarEntryType.Fifo, "")]
    [InlineData(TarEntryType.CharacterDevice, "")]
    public async Task A_link_out_and_a_device_end_it(TarEntryType type, string linked)
    {
        var archive = Tar(gzip: true, [("good", "1")], writer =>
        {
            var entry = new PaxTarEntry(type, "bad");
            if (linked.Length > 0)
                entry.LinkName = linked;
            writer.WriteEntry(entry);
        });
        var refusal = await Assert.ThrowsAsync<InstallException>(() => Unpack(Target(), archive));
        Assert.Contains("cannot be trusted", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_within_the_archive_become_files_so_that_nothing_can_be_written_through_them()
    {
        var archive = Tar(gzip: true, [("lib/libllama.so.0.5.0", "library")], writer =>
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "lib/libllama.so") { LinkName = "libllama.so.0" });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "lib/libllama.so.0") { LinkName = "./libllama.so.0.5.0" });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "bin/llama") { LinkName = "lib/libllama.so.0.5.0" });
        });
        var target = Target();
        await Unpack(target, archive);
        foreach (var name in new[] { "lib/libllama.so", "lib/libllama.so.0", "bin/llama" })
        {
            var file = new FileInfo(Path.Combine(target, name));
            Assert.Null(file.LinkTarget);
            Assert.Equal("library", await File.ReadAllTextAsync(file.FullName, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_directory_link_cannot_be_written_through()
    {
        var archive = Tar(gzip: true, [], writer =>
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "door") { LinkName = ".." });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "door/out") { DataStream = new MemoryStream("bad"u8.ToArray()) });
        });
        await Assert.ThrowsAsync<InstallException>(() => Unpack(Target(), archive));
        Assert.False(File.Exists(Path.Combine(_folder.Path, "out")));
    }

    [Fact]
    public async Task A_link_loop_and_a_name_that_comes_twice_end_it()
    {
        var loop = Tar(gzip: true, [], writer =>
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "a") { LinkName = "b" });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "b") { LinkName = "a" });
        });
        await Assert.ThrowsAsync<InstallException>(() => Unpack(Target(), loop));
        await Assert.ThrowsAnyAsync<IOException>(() => Unpack(Target(), Tar(gzip: true, [("a", "1"), ("a", "2")])));
    }

    [Fact]
    public async Task A_truncated_archive_is_damaged_wherever_it_ends()
    {
        var random = new Random(5);
        var noise = new byte[50_000];
        random.NextBytes(noise);
        foreach (var archive in new[] { Tar(gzip: true, [("a", Convert.ToBase64String(noise))]), Zip([("a", Convert.ToBase64String(noise))]) })
        {
            var whole = await File.ReadAllBytesAsync(archive, TestContext.Current.CancellationToken);
            foreach (var share in new[] { 0.1, 0.5, 0.9, 0.999 })
            {
                await File.WriteAllBytesAsync(archive, whole[..(int)(whole.Length * share)], TestContext.Current.CancellationToken);
                var refusal = await Assert.ThrowsAsync<InstallException>(() => Unpack(Target(), archive));
                Assert.Contains("damaged", refusal.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task What_is_too_large_is_not_unpacked_to_its_end()
    {
        var archive = Tar(gzip: true, [("zeros", new string('0', 1_000_000))]);
        Assert.True(new FileInfo(archive).Length < 20_000);
        var target = Target();
        var limits = new UnpackLimits(Bytes: 300_000);
        var refusal = await Assert.ThrowsAsync<InstallException>(() => new ArchiveUnpacker(target, limits).UnpackAsync(archive, TestContext.Current.CancellationToken));
        Assert.Contains("more than", refusal.Message, StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(target, "zeros")).Length <= limits.Bytes);
        var many = Tar(gzip: true, [.. Enumerable.Range(0, 20).Select(number => ($"f{number}", "x"))]);
        await Assert.ThrowsAsync<InstallException>(() => new ArchiveUnpacker(Target(), new UnpackLimits(Entries: 10)).UnpackAsync(many, TestContext.Current.CancellationToken));
    }

    private static Task Unpack(string target, string archive) =>
        new ArchiveUnpacker(target, new UnpackLimits()).UnpackAsync(archive, TestContext.Current.CancellationToken);

    private string Target() => Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));

    private string Tar(bool gzip, (string Name, string Text)[] files, Action<TarWriter>? more = null)
    {
        var path = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.{(gzip ? "tgz" : "tar")}");
        using var file = File.Create(path);
        using var stream = gzip ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
        using var writer = new TarWriter(stream);
        foreach (var (name, text) in files)
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        more?.Invoke(writer);
        return path;
    }

    private string Zip((string Name, string Text)[] files)
    {
        var path = Path.Combine(_folder.Path, $"{Guid.NewGuid():N}.zip");
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, text) in files)
        {
            using var writer = new StreamWriter(zip.CreateEntry(name).Open());
            writer.Write(text);
        }

        return path;
    }
}
