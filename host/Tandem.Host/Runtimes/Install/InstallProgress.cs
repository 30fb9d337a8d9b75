namespace Tandem.Host.Runtimes.Install;

/// <summary>Where an installation is.</summary>
/// <param name="Phase"><c>checking</c>, <c>fetching</c>, <c>unpacking</c>, <c>running</c>, <c>hashing</c>, <c>probing</c>, <c>activating</c>.</param>
/// <param name="Fraction">Of the whole, 0 to 1; never falls.</param>
/// <param name="Text">For people.</param>
public sealed record InstallProgress(string Phase, double Fraction, string Text);

/// <summary>What became of an installation.</summary>
public abstract record InstallOutcome
{
    /// <param name="AlreadyThere">Nothing was done: it was installed and works.</param>
    public sealed record Installed(string Id, bool AlreadyThere) : InstallOutcome;

    /// <summary>Everything is as before.</summary>
    public sealed record Failed(Failure Failure) : InstallOutcome;
}
