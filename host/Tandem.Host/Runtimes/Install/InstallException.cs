namespace Tandem.Host.Runtimes.Install;

/// <summary>Ends an installation from any of its steps; the installer cleans up and turns it into its <see cref="Failure"/>.</summary>
internal sealed class InstallException(string message, string nextStep, Exception? inner = null) : Exception(message, inner)
{
    public Failure Failure { get; } = new(FailureCodes.InstallFailed, message, NextStep: nextStep);
}
