using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>Gets the archive of a package. The npm client does (<see cref="NpmPackages"/>); tests use a folder.</summary>
public interface IPackageFetcher
{
    /// <summary>Puts the archive into <paramref name="folder"/>; its content is checked by the caller.</summary>
    /// <returns>Path of the archive, and the integrity that the registry records (<c>sha512-…</c>).</returns>
    /// <exception cref="InstallException">It could not be had; says why.</exception>
    Task<FetchedPackage> FetchAsync(PackageSource package, string folder, CancellationToken cancellationToken);
}

/// <param name="Integrity">As the registry records it; null when it records none.</param>
public sealed record FetchedPackage(string Archive, string? Integrity);
