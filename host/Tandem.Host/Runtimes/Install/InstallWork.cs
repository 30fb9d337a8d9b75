using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Install;

/// <summary>Something that makes a runtime's folder. What it throws is an <see cref="InstallException"/>, an I/O error or a cancellation.</summary>
internal interface IInstallWork
{
    /// <summary>Makes the content of a runtime in a staging folder, or in its final place if it cannot be moved.</summary>
    /// <returns>The folder and the manifest that goes with it; its id may still be empty.</returns>
    Task<MadeRuntime> MakeAsync(string staging, InstallReport report, CancellationToken cancellationToken);
}

/// <param name="InPlace">The folder is the final one already.</param>
internal sealed record MadeRuntime(RuntimeInfo Info, string Folder, bool InPlace);

/// <summary>Turns steps into progress that never falls.</summary>
internal sealed class InstallReport(IProgress<InstallProgress> progress)
{
    private double _done;

    public void Step(string phase, double fraction, string text)
    {
        _done = Math.Max(_done, fraction);
        progress.Report(new InstallProgress(phase, _done, text));
    }
}
