using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes.Survey;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>
/// Installs runtimes, one at a time: made aside, hashed, probed, and only then moved into the list in one step. Until that step everything
/// is as before, however the installation ends; what it leaves behind when the supervisor is killed is swept at the next start.
/// </summary>
internal sealed partial class RuntimeInstaller(
    RuntimeCatalogue catalogue, RuntimeChecks checks, RuntimeStore store, PluginCatalogue plugins, InstallTools tools, ILogger<RuntimeInstaller> logger)
    : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public void Dispose() => _turn.Dispose();

    public Task<InstallOutcome> InstallAsync(InstallRecipe recipe, IProgress<InstallProgress> progress, CancellationToken cancellationToken) =>
        RunAsync(recipe, recipe.Commands.Count > 0
            ? new CommandInstall(recipe, store, tools.Runner)
            : new PackageInstall(recipe, store, tools.Fetcher), progress, cancellationToken);

    /// <summary>Adds a build of the user's own from a folder or an archive.</summary>
    public Task<InstallOutcome> AddAsync(string path, IProgress<InstallProgress> progress, CancellationToken cancellationToken) =>
        RunAsync(null, new LocalInstall(Path.GetFullPath(path), plugins, catalogue.Machine), progress, cancellationToken);

    private async Task<InstallOutcome> RunAsync(InstallRecipe? recipe, IInstallWork work, IProgress<InstallProgress> progress, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        string? staging = null;
        try
        {
            await checks.Swept;
            if (recipe is not null && await FindWorkingAsync(recipe.Runtime.Id, cancellationToken) is { } there)
                return new InstallOutcome.Installed(there, AlreadyThere: true);
            staging = store.CreateStaging();
            return await InstallAsync(recipe, work, staging, new InstallReport(progress), cancellationToken);
        }
        catch (InstallException exception)
        {
            return new InstallOutcome.Failed(exception.Failure);
        }
        catch (IOException exception) when (DiskSpace.IsFull(exception))
        {
            return new InstallOutcome.Failed(new InstallException(
                $"The disk of {store.HomeFolder} is full.", "Make room on it, then try again. What is installed goes on working.").Failure);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new InstallOutcome.Failed(new InstallException($"The installation failed: {exception.Message.TrimEnd('.')}.", "Correct it, then try again.").Failure);
        }
        finally
        {
            if (staging is not null)
                store.Delete(staging);
            _turn.Release();
        }
    }

    private async Task<InstallOutcome> InstallAsync(
        InstallRecipe? recipe, IInstallWork work, string staging, InstallReport report, CancellationToken cancellationToken)
    {
        report.Step("checking", 0.01, recipe is null ? "Looking at the build" : $"Installing {recipe.Runtime.Id}");
        var aside = recipe is null ? null : SetAside(recipe.Runtime.Id);
        string? made = null;
        try
        {
            var result = await work.MakeAsync(staging, report, cancellationToken);
            made = result.InPlace ? result.Folder : null;
            var info = await FinishAsync(result, report, cancellationToken);
            made = null;
            await ActivateAsync(info, report);
            if (aside is not null)
                store.Delete(aside);
            (work as PackageInstall)?.ForgetDownloads();
            return new InstallOutcome.Installed(info.Id, AlreadyThere: false);
        }
        catch
        {
            if (recipe is { Commands.Count: > 0 } && !File.Exists(Path.Combine(store.FolderOf(recipe.Runtime.Id), RuntimeManifest.FileName)))
                store.Delete(store.FolderOf(recipe.Runtime.Id));
            if (aside is not null && recipe is not null && !Directory.Exists(store.FolderOf(recipe.Runtime.Id)))
                Directory.Move(aside, store.FolderOf(recipe.Runtime.Id));
            throw;
        }
    }

    /// <summary>Hashes, probes and writes the manifest; then the runtime is whole and in its place.</summary>
    private async Task<RuntimeInfo> FinishAsync(MadeRuntime made, InstallReport report, CancellationToken cancellationToken)
    {
        report.Step("hashing", 0.65, "Writing down its files");
        var info = made.Info with { Folder = made.Folder, Files = await RuntimeFiles.HashAsync(made.Folder, cancellationToken) };
        RequireFit(info);
        report.Step("probing", 0.75, "Trying it out");
        var probe = await tools.Probe.RunAsync(plugins.Find(info.EngineId)!, info, cancellationToken);
        if (!probe.Works)
            throw new InstallException($"It does not work on this machine: {probe.Broken[0].TrimEnd('.')}.", probe.NextStep ?? "Choose another.");
        info = Named(info, probe);
        report.Step("activating", 0.95, $"Putting {info.Id} into its place");
        cancellationToken.ThrowIfCancellationRequested();
        RuntimeFiles.Flush(made.Folder);
        RuntimeManifest.Write(made.Folder, info);
        if (made.InPlace)
        {
            store.FinishInPlace(info.Id);
        }
        else
        {
            if (Directory.Exists(store.FolderOf(info.Id)))
                throw new InstallException($"{info.Id} is installed already.", $"Select it: tandem runtime select {info.Id}");
            store.Activate(made.Folder, info.Id);
        }

        info = info with { Folder = store.FolderOf(info.Id) };
        await tools.Surveyor.KeepAsync(info, catalogue.Machine, new SurveyResult(null, probe), CancellationToken.None);
        return info;
    }

    /// <summary>Takes it into the list. What models get now they go on getting: only a selection or an update changes that.</summary>
    private async Task ActivateAsync(RuntimeInfo info, InstallReport report)
    {
        var before = catalogue.Snapshot.Runtimes.Where(runtime => runtime.Selected && runtime.Info!.Formats.Intersect(info.Formats).Any()).ToList();
        catalogue.Refresh();
        var folder = info.Folder;
        if (catalogue.Snapshot.Runtimes.FirstOrDefault(runtime => runtime.Folder == folder) is { } report2)
            await checks.SurveyAsync(report2, fresh: false, CancellationToken.None);
        catalogue.Change(state => before.Aggregate(state, (current, chosen) => chosen.Info!.Formats.All(current.Selected.ContainsKey)
            ? current
            : RuntimeSelection.Select(current, chosen.Info, null, onTrial: false, before: null)) with
        {
            Failed = state.Failed.Remove(info.Id),
        });
        await tools.Records.SaveAsync(catalogue.State, CancellationToken.None);
        RuntimeLog.Installed(logger, info.Id);
        report.Step("activating", 1, $"{info.Id} is installed");
    }

    /// <summary>The id when it is installed and intact; a damaged one may be installed again.</summary>
    private async Task<string?> FindWorkingAsync(string id, CancellationToken cancellationToken)
    {
        if (catalogue.Find(id) is not RuntimeLookup.Found { Report: var report } || report.Info?.Id != id)
            return null;
        var surveyed = await checks.SurveyAsync(report, fresh: false, cancellationToken);
        return surveyed.Survey?.Works != false && surveyed.Problem is null ? id : null;
    }

    /// <summary>A damaged runtime makes room for its successor; it comes back if that does not work out. Null when there is none.</summary>
    private string? SetAside(string id)
    {
        var folder = store.FolderOf(id);
        if (!Directory.Exists(folder))
            return null;
        if (tools.Users.WorkersOn(id) is { Count: > 0 } workers)
        {
            throw new InstallException(
                $"{id} is damaged and {workers.Count} worker(s) still run on it.", "Unload their models (tandem unload --all), then try again.");
        }

        return store.MoveToTrash(folder);
    }

    private void RequireFit(RuntimeInfo info)
    {
        var (predicates, problem) = catalogue.Examine(info);
        // The device may be there all the same: the probe knows, and the list says so.
        var failing = predicates.FirstOrDefault(predicate => !predicate.Holds && predicate.Name is not ("driver" or "library_version"));
        if (problem is not null || failing is not null)
            throw new InstallException($"It does not fit this machine: {(problem ?? failing!.Reason).TrimEnd('.')}.", failing?.NextStep ?? "Choose another.");
    }

    /// <summary>A build of one's own gets its version from its probe and its name from its content.</summary>
    private static RuntimeInfo Named(RuntimeInfo info, ProbeResult probe)
    {
        if (info.Id.Length > 0)
            return info;
        var version = LeadingVersion().Match(probe.Version) is { Success: true } match ? match.Value : "0";
        var content = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', info.Files.Select(file => $"{file.Key} {file.Value}"))));
        var package = $"{info.PackageVersion}.{Convert.ToHexStringLower(content)[..8]}";
        return info with { Id = $"{info.EngineId}@{version}+{package}-{info.Variant}", EngineVersion = version, PackageVersion = package };
    }

    [GeneratedRegex(@"^\d+(\.\d+)*")]
    private static partial Regex LeadingVersion();
}

/// <summary>What installations work with.</summary>
internal sealed record InstallTools(
    ToolRunner Runner, IPackageFetcher Fetcher, RuntimeProbe Probe, RuntimeSurveyor Surveyor, RuntimeRecords Records, IRuntimeUsers Users);
