using Tandem.Host.Jobs;

namespace Tandem.Host.Runtimes.Install;

/// <summary>Shows the progress of an installation as that of its job.</summary>
internal sealed class JobProgress(Job job) : IProgress<InstallProgress>
{
    public void Report(InstallProgress value) => job.Report(value.Fraction, value.Text);
}
