using System.Security.Cryptography;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>A runtime out of packages: fetch, check, unpack, take the folder that is meant.</summary>
internal sealed class PackageInstall(InstallRecipe recipe, RuntimeStore store, IPackageFetcher fetcher) : IInstallWork
{
    private static readonly UnpackLimits Limits = new();

    public async Task<MadeRuntime> MakeAsync(string staging, InstallReport report, CancellationToken cancellationToken)
    {
        DiskSpace.Require(store.HomeFolder, recipe.DiskBytes);
        var content = Directory.CreateDirectory(Path.Combine(staging, "runtime")).FullName;
        for (var number = 0; number < recipe.Packages.Count; number++)
        {
            var package = recipe.Packages[number];
            var share = 0.5 / recipe.Packages.Count;
            report.Step("fetching", 0.02 + (share * number), $"Fetching {package.Name} {package.Version}");
            var archive = await FetchAsync(package, staging, cancellationToken);
            report.Step("unpacking", share * (number + 1), $"Unpacking {package.Name} {package.Version}");
            var unpacked = Path.Combine(staging, $"package-{number}");
            await new ArchiveUnpacker(unpacked, Limits).UnpackAsync(archive, cancellationToken);
            Take(package, unpacked, content);
        }

        return new MadeRuntime(recipe.Runtime, content, InPlace: false);
    }

    /// <summary>The packages' archives are not needed any more.</summary>
    public void ForgetDownloads()
    {
        foreach (var package in recipe.Packages)
            File.Delete(ArchiveOf(package));
        if (Directory.Exists(store.DownloadFolder) && Directory.GetFileSystemEntries(store.DownloadFolder).Length == 0)
            Directory.Delete(store.DownloadFolder);
    }

    private async Task<string> FetchAsync(PackageSource package, string staging, CancellationToken cancellationToken)
    {
        var kept = ArchiveOf(package);
        if (File.Exists(kept) && package.Integrity is { } known && await IntegrityOfAsync(kept, cancellationToken) == known)
            return kept;
        var folder = Directory.CreateDirectory(Path.Combine(staging, "fetch")).FullName;
        var fetched = await fetcher.FetchAsync(package, folder, cancellationToken);
        if (!File.Exists(fetched.Archive))
            throw new InstallException($"{package.Name} {package.Version} was not fetched: {Path.GetFileName(fetched.Archive)} is missing.", "Try again.");
        var expected = package.Integrity ?? fetched.Integrity;
        var found = await IntegrityOfAsync(fetched.Archive, cancellationToken);
        if (found != expected)
        {
            throw new InstallException(
                $"{package.Name} {package.Version} is not the package it should be: its checksum is {Short(found)}, expected is {Short(expected)}.",
                "Try again; if it stays so, the registry or something on the way to it has changed the package.");
        }

        Directory.CreateDirectory(store.DownloadFolder);
        File.Move(fetched.Archive, kept, overwrite: true);
        return kept;
    }

    private string ArchiveOf(PackageSource package) =>
        Path.Combine(store.DownloadFolder, $"{package.Name.TrimStart('@').Replace('/', '-')}-{package.Version}.tgz");

    private static void Take(PackageSource package, string unpacked, string content)
    {
        var source = Path.Combine(unpacked, package.FolderInside);
        if (!Directory.Exists(source))
            throw new InstallException($"{package.Name} {package.Version} has no folder {package.FolderInside}.", "Choose another version.");
        foreach (var name in package.Without)
            File.Delete(Path.Combine(source, name));
        foreach (var entry in Directory.GetFileSystemEntries(source))
            Directory.Move(entry, Path.Combine(content, Path.GetFileName(entry)));
        var license = Path.Combine(unpacked, package.FolderInside.Split('/')[0], "LICENSE");
        if (File.Exists(license))
            File.Move(license, Path.Combine(content, "LICENSE"), overwrite: true);
    }

    private static async Task<string> IntegrityOfAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return "sha512-" + Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken));
    }

    private static string Short(string? integrity) => integrity is { Length: > 20 } ? integrity[..20] + "…" : integrity ?? "none";
}
