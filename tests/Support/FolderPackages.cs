using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using FakeEngine.Scripts;
using Tandem.Host.Runtimes.Install;
using Tandem.Plugins;

namespace Tandem.Tests.Support;

/// <summary>A package registry that is a folder.</summary>
internal sealed class FolderPackages(string folder) : IPackageFetcher
{
    /// <summary>How often something was fetched.</summary>
    public int Fetches { get; private set; }

    /// <summary>Happens before a package is handed out.</summary>
    public Func<CancellationToken, Task>? Before { get; set; }

    public async Task<FetchedPackage> FetchAsync(PackageSource package, string folderForIt, CancellationToken cancellationToken)
    {
        Fetches++;
        if (Before is { } before)
            await before(cancellationToken);
        var source = Path.Combine(folder, $"{package.Name}-{package.Version}.tgz");
        if (!File.Exists(source))
            throw new InstallException($"There is no {package.Name} {package.Version}: the registry is not reachable.", "Check the network.");
        var target = Path.Combine(folderForIt, Path.GetFileName(source));
        File.Copy(source, target);
        return new FetchedPackage(target, IntegrityOf(source));
    }

    public static string IntegrityOf(string file) => "sha512-" + Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(file)));

    /// <summary>A package of the fake engine: the script of its process, a library, something unwanted, a licence.</summary>
    public static string Write(string folder, string version, FakeScript process)
    {
        var content = Directory.CreateTempSubdirectory("tp-").FullName;
        var bin = Directory.CreateDirectory(Path.Combine(content, "package", "bin")).FullName;
        ScriptFile.Write(Path.Combine(bin, ScriptFile.ProcessScript), process);
        File.WriteAllText(Path.Combine(bin, "library.so"), $"library of {version}");
        File.WriteAllText(Path.Combine(bin, "unwanted"), "");
        File.WriteAllText(Path.Combine(content, "package", "LICENSE"), "free");
        var archive = Path.Combine(Directory.CreateDirectory(folder).FullName, $"fake-runtime-{version}.tgz");
        using (var file = File.Create(archive))
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest))
            TarFile.CreateFromDirectory(content, gzip, includeBaseDirectory: false);
        Directory.Delete(content, recursive: true);
        return archive;
    }
}
