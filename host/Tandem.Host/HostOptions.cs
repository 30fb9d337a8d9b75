using System.Security.Cryptography;

namespace Tandem.Host;

/// <summary>Where this supervisor lives and what it was started with. Made once at start, never changed.</summary>
public sealed record HostOptions
{
    /// <summary>TANDEM_HOME, absolute: <c>models/ runtimes/ logs/ run/ tandem.db</c>.</summary>
    public required string HomeFolder { get; init; }

    /// <summary>Model folders besides the home's own and the embedded one, absolute, in order of precedence.</summary>
    public IReadOnlyList<string> ModelFolders { get; init; } = [];

    /// <summary>Folder of the executable: holds <c>plugins/</c>, <c>engines/</c>, <c>runtimes/</c>, <c>models/</c>.</summary>
    public string ApplicationFolder { get; init; } = AppContext.BaseDirectory;

    /// <summary>Folders whose subfolders are plugins; null means <c>plugins/</c> of <see cref="ApplicationFolder"/>.</summary>
    public IReadOnlyList<string>? PluginFolders { get; init; }

    /// <summary>It runs until it is stopped; false: for the duration of one command, so that nothing long is begun by itself.</summary>
    public bool Lasting { get; init; }

    /// <summary>Identifies this run: in <c>/health</c> and in <c>run/host.json</c>, so that one can be checked against the other.</summary>
    public string InstanceId { get; init; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>How long a stream is silent before a comment keeps its connection alive.</summary>
    public TimeSpan StreamKeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Folder of runtime state: locks, ledger, <c>host.json</c>.</summary>
    public string RunFolder => Path.Combine(HomeFolder, "run");

    /// <summary>The home when none is given: TANDEM_HOME, else <c>~/.tandem</c>.</summary>
    public static string DefaultHome()
    {
        var given = Environment.GetEnvironmentVariable("TANDEM_HOME");
        return string.IsNullOrWhiteSpace(given)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".tandem")
            : Path.GetFullPath(given);
    }

    /// <summary>More model folders from TANDEM_MODELS, separated as PATH is.</summary>
    public static IReadOnlyList<string> ModelFoldersFromEnvironment() =>
        [.. (Environment.GetEnvironmentVariable("TANDEM_MODELS") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Path.GetFullPath)];
}
