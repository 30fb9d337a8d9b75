using Tandem.Host.Plugins;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>A build of the user's own: a folder or an archive, whose engine a plugin recognises. It is copied; the original is left alone.</summary>
internal sealed class LocalInstall(string path, PluginCatalogue plugins, MachineInfo machine) : IInstallWork
{
    private const int DeepestFolder = 4;
    private const int MostFolders = 200;

    public async Task<MadeRuntime> MakeAsync(string staging, InstallReport report, CancellationToken cancellationToken)
    {
        var content = Path.Combine(staging, "runtime");
        if (Directory.Exists(path))
        {
            var (folder, info) = Recognise(path);
            DiskSpace.Require(staging, RuntimeFiles.SizeOf(folder));
            report.Step("unpacking", 0.2, $"Copying {folder}");
            CopyFolder(new DirectoryInfo(folder), content, folder, cancellationToken);
            return new MadeRuntime(info, content, InPlace: false);
        }

        if (!File.Exists(path))
            throw new InstallException($"There is neither a folder nor an archive at {path}.", "Check the path.");
        DiskSpace.Require(staging, new FileInfo(path).Length);
        report.Step("unpacking", 0.1, $"Unpacking {Path.GetFileName(path)}");
        var unpacked = Path.Combine(staging, "package");
        await new ArchiveUnpacker(unpacked, new UnpackLimits()).UnpackAsync(path, cancellationToken);
        var (found, made) = Recognise(unpacked);
        Directory.Move(found, content);
        return new MadeRuntime(made, content, InPlace: false);
    }

    /// <summary>The first folder, from the outside in, that is a build of an engine.</summary>
    private (string Folder, RuntimeInfo Info) Recognise(string root)
    {
        var waiting = new Queue<(DirectoryInfo Folder, int Depth)>([(new DirectoryInfo(root), 0)]);
        for (var looked = 0; looked < MostFolders && waiting.TryDequeue(out var next); looked++)
        {
            foreach (var plugin in plugins.Loaded)
            {
                var call = plugin.Call($"looking at {next.Folder.FullName}", p => p.Recognise(next.Folder.FullName, machine));
                if (call is PluginCall<RuntimeInfo?>.Returned { Value: { } info })
                    return (next.Folder.FullName, info);
            }

            if (next.Depth == DeepestFolder)
                continue;
            foreach (var inner in next.Folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null).OrderBy(inner => inner.Name, StringComparer.Ordinal))
                waiting.Enqueue((inner, next.Depth + 1));
        }

        throw new InstallException(
            $"{path} holds no build of an engine that is known here ({string.Join(", ", plugins.Loaded.Select(plugin => plugin.Id))}).",
            "Give the folder with the engine's libraries, for llama.cpp the one with libllama; MLX is installed with: tandem runtime get mlx");
    }

    private static void CopyFolder(DirectoryInfo source, string target, string root, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        foreach (var entry in source.EnumerateFileSystemInfos())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var place = Path.Combine(target, entry.Name);
            var real = entry.LinkTarget is null ? entry : entry.ResolveLinkTarget(returnFinalTarget: true);
            if (entry.LinkTarget is not null && real?.FullName.StartsWith(Path.GetFullPath(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal) != true)
            {
                throw new InstallException(
                    $"{entry.FullName} is a link to a place outside the folder.", "Copy what it links to into the folder, then add it again.");
            }

            if (real is FileInfo { Exists: true } file)
            {
                file.CopyTo(place);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(place, FileModes.Of(place));
            }
            else if (entry is DirectoryInfo { LinkTarget: null } inner)
            {
                CopyFolder(inner, place, root, cancellationToken);
            }
        }
    }
}
