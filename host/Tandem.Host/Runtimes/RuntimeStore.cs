using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Tandem.Host.Runtimes;

/// <summary>
/// The folders in which runtimes lie. What is being made or unmade has a name of its own, so that nothing half-done is ever listed:
/// <c>.staging-*</c> before an installation is whole, <c>.trash-*</c> after a removal, <see cref="MarkFile"/> in a folder that is being
/// built in its final place. A killed supervisor leaves these behind; the next one sweeps them away.
/// </summary>
internal sealed class RuntimeStore(HostOptions options, ILogger<RuntimeStore> logger)
{
    private const string Staging = ".staging-";
    private const string Trash = ".trash-";
    public const string MarkFile = ".installing";
    private const int NameBytes = 4;

    /// <summary>Where runtimes are installed.</summary>
    public string HomeFolder { get; } = Path.Combine(options.HomeFolder, "runtimes");

    /// <summary>Archives that arrived whole and are not installed yet.</summary>
    public string DownloadFolder => Path.Combine(HomeFolder, ".downloads");

    /// <summary>Folders with a manifest, those of the home first, then what came with the build; first wins for equal ids.</summary>
    public IReadOnlyList<string> List()
    {
        string[] places = [HomeFolder, Path.Combine(options.ApplicationFolder, "runtimes"), Path.Combine(options.ApplicationFolder, "engines")];
        return
        [
            .. places.Where(Directory.Exists)
                .SelectMany(place => Directory.GetDirectories(place).Order(StringComparer.Ordinal))
                .Where(folder => !Path.GetFileName(folder).StartsWith('.') && File.Exists(Path.Combine(folder, RuntimeManifest.FileName))),
        ];
    }

    /// <summary>Whether a runtime came with the build, which cannot be changed from here.</summary>
    public bool IsBundled(string folder) => !IsInside(folder, HomeFolder);

    public string FolderOf(string id) => Path.Combine(HomeFolder, id);

    public string CreateStaging() => Directory.CreateDirectory(Path.Combine(HomeFolder, Staging + NewName())).FullName;

    /// <summary>A folder in its final place whose content is not whole before the manifest is written.</summary>
    public string CreateInPlace(string id)
    {
        var folder = Directory.CreateDirectory(FolderOf(id)).FullName;
        File.WriteAllBytes(Path.Combine(folder, MarkFile), []);
        return folder;
    }

    /// <summary>Makes a folder of <see cref="CreateInPlace"/> a runtime: the manifest is there, so the mark may go.</summary>
    public void FinishInPlace(string id) => File.Delete(Path.Combine(FolderOf(id), MarkFile));

    /// <summary>Moves a whole folder into its place: there at once or not at all.</summary>
    public void Activate(string staged, string id) => Directory.Move(staged, FolderOf(id));

    /// <summary>Takes a folder out of the list at once. Where it went; it can be moved back until it is deleted.</summary>
    public string MoveToTrash(string folder)
    {
        var trash = Path.Combine(HomeFolder, Trash + NewName());
        Directory.Move(folder, trash);
        return trash;
    }

    /// <summary>Deletes a folder of ours; what cannot be deleted now is left to the next sweep.</summary>
    public void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            RuntimeLog.CannotDelete(logger, folder, exception.Message);
        }
    }

    /// <summary>Removes what interrupted installations and removals left behind. Archives that arrived whole stay for a week.</summary>
    public void Sweep(DateTime now)
    {
        if (!Directory.Exists(HomeFolder))
            return;
        foreach (var folder in Directory.GetDirectories(HomeFolder).Where(IsLitter))
        {
            RuntimeLog.Sweeps(logger, folder);
            // A host that ends while it deletes leaves a rest, and without its mark nobody would know it for one.
            Delete(File.Exists(Path.Combine(folder, MarkFile)) ? MoveToTrash(folder) : folder);
        }

        foreach (var folder in Directory.GetDirectories(HomeFolder).Where(folder => File.Exists(Path.Combine(folder, MarkFile))))
            File.Delete(Path.Combine(folder, MarkFile));
        if (!Directory.Exists(DownloadFolder))
            return;
        foreach (var file in new DirectoryInfo(DownloadFolder).GetFiles().Where(file => file.LastWriteTimeUtc < now.AddDays(-7)))
            file.Delete();
        if (Directory.GetFileSystemEntries(DownloadFolder).Length == 0)
            Directory.Delete(DownloadFolder);
    }

    private static bool IsLitter(string folder)
    {
        var name = Path.GetFileName(folder);
        return name.StartsWith(Staging, StringComparison.Ordinal) || name.StartsWith(Trash, StringComparison.Ordinal)
            || (File.Exists(Path.Combine(folder, MarkFile)) && !File.Exists(Path.Combine(folder, RuntimeManifest.FileName)));
    }

    private static bool IsInside(string path, string folder) =>
        Path.GetFullPath(path).StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string NewName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes));
}
