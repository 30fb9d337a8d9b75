namespace Tandem.Plugins;

/// <summary>One installed build of an engine: a folder with a manifest.</summary>
public sealed record RuntimeInfo
{
    /// <summary><c>engine@engineVersion+packageVersion-variant</c>, e.g. <c>llama.cpp@0.5.0+3.22.1-cpu</c>.</summary>
    public required string Id { get; init; }
    public required string EngineId { get; init; }
    public required string EngineVersion { get; init; }
    public required string PackageVersion { get; init; }

    /// <summary>cpu, cuda, vulkan, metal, …</summary>
    public required string Variant { get; init; }

    /// <summary><c>linux</c>, <c>macos</c>, <c>windows</c>; and <c>x64</c>, <c>arm64</c>.</summary>
    public required string OperatingSystem { get; init; }

    /// <inheritdoc cref="OperatingSystem"/>
    public required string Architecture { get; init; }
    public required IReadOnlyList<string> Formats { get; init; }

    /// <summary>CPU features without which it cannot start, lower case, e.g. <c>avx2</c>.</summary>
    public IReadOnlyList<string> CpuFeatures { get; init; } = [];

    /// <summary>Oldest driver of the accelerator; null when none is needed.</summary>
    public string? MinimumDriver { get; init; }

    /// <summary>Worker contract versions, both ends included.</summary>
    public uint ProtocolMin { get; init; } = 1;

    /// <inheritdoc cref="ProtocolMin"/>
    public uint ProtocolMax { get; init; } = 1;

    /// <summary>Lower-case hex SHA-256 by path relative to the folder.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Absolute path of its folder; not part of the manifest.</summary>
    public string Folder { get; init; } = "";
}

/// <summary>The machine, as far as runtimes care.</summary>
public sealed record MachineInfo(
    string OperatingSystem,
    string Architecture,
    IReadOnlySet<string> CpuFeatures,
    IReadOnlyList<AcceleratorInfo> Accelerators,
    long MemoryBytes,
    string? LibcVersion);

/// <summary>A GPU or similar that the system reports.</summary>
public sealed record AcceleratorInfo(string Kind, string Name, string? DriverVersion, long MemoryBytes);

/// <summary>One condition for a runtime to work, and whether it holds.</summary>
/// <param name="Name">system, architecture, cpu_features, driver, library_version, protocol, files.</param>
/// <param name="Holds">Whether it does.</param>
/// <param name="Reason">One sentence naming what was expected and what was found.</param>
/// <param name="NextStep">What the user can do; empty when it holds.</param>
public sealed record Predicate(string Name, bool Holds, string Reason, string NextStep)
{
    /// <summary>What a failure means in <see cref="Compatibility"/>; null: what its name suggests.</summary>
    public Compatibility? Meaning { get; init; }
}

/// <summary>Whether a runtime works on a machine; the names that tools for local models share, in camelCase where they are sent.</summary>
public enum Compatibility
{
    Compatible,
    IncompatibleAppVersion,
    IncompatibleBackendVersion,
    InvalidCpuArchitecture,
    InvalidCpuInstructionSetExtensions,
    CpuSurveyUnsuccessful,
    GpuSurveyUnsuccessful,
    GpuRequiredButNoneFound,
    GpuTargetsRequiredButNoneSpecified,
    GpuDriverUnsupported,
    NoSupportedGpus,
    IncompatiblePlatform,
    LibraryOutdated,
    InvalidLibraryVersionFormat,
    MissingLibraries,
    ErrorSurveyingHardware,
    ErrorCheckingCompatibility,
    Unknown,
}

/// <summary>Where things are for a launch.</summary>
/// <param name="EngineFolder">Folder of the engine's worker: <c>engines/&lt;name&gt;/</c> beside the executable.</param>
/// <param name="DotnetRoot">Where the running .NET is, for workers that need it; null when unknown.</param>
/// <param name="HomeFolder">TANDEM_HOME.</param>
public sealed record LaunchContext(string EngineFolder, string? DotnetRoot, string HomeFolder);

/// <summary>A command to run. Secrets are added by the supervisor, in the environment.</summary>
/// <param name="Executable">Absolute path.</param>
/// <param name="Arguments">Passed one by one, never as a command line.</param>
/// <param name="Environment">Added to the allowed part of the supervisor's own environment.</param>
public sealed record LaunchPlan(string Executable, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

/// <summary>What somebody wants to install, and where things are for it.</summary>
/// <param name="Query">Any beginning of a runtime id, e.g. <c>llama.cpp@0.5.0</c>; empty: everything.</param>
/// <param name="RuntimesFolder">A runtime's final folder is <c>RuntimesFolder/&lt;id&gt;</c>.</param>
/// <param name="EngineFolder">Folder of the engine's worker: <c>engines/&lt;name&gt;/</c> beside the executable.</param>
/// <param name="WheelsFolder">Local Python packages to install from instead of an index; null when none were given.</param>
public sealed record InstallQuery(string Query, MachineInfo Machine, string RuntimesFolder, string EngineFolder, string? WheelsFolder);

/// <summary>How a runtime gets into its folder; the supervisor does it.</summary>
public sealed record InstallRecipe
{
    /// <summary>Manifest of what comes out; its files are hashed after the installation.</summary>
    public required RuntimeInfo Runtime { get; init; }

    /// <summary>Why it would not work on this machine; null when it should. Such a one is installed only when its whole id is asked for.</summary>
    public string? Unfit { get; init; }

    /// <summary>npm packages to fetch and unpack, with the folder inside each that becomes the runtime's.</summary>
    public IReadOnlyList<PackageSource> Packages { get; init; } = [];

    /// <summary>
    /// Commands to run in order, with the runtime's final folder as working folder; a program without a path is looked up on PATH.
    /// They get the user's whole environment: package managers have their settings there. The manifest is written after the last one,
    /// so an installation that was cut short is recognised and removed.
    /// </summary>
    public IReadOnlyList<LaunchPlan> Commands { get; init; } = [];

    /// <summary>Bytes needed on disk, roughly.</summary>
    public required long DiskBytes { get; init; }
}

/// <summary>A package of the npm registry, through the machine's own npm configuration.</summary>
/// <param name="FolderInside">Folder of the archive whose content becomes the runtime's, e.g. <c>package/bins/linux-x64</c>.</param>
/// <param name="Integrity"><c>sha512-…</c> as in package locks; null for one the registry's own record decides.</param>
public sealed record PackageSource(string Name, string Version, string FolderInside, string? Integrity)
{
    /// <summary>Files and folders left out, relative to <see cref="FolderInside"/>.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];
}

/// <summary>The settings that decide how much memory a model takes.</summary>
public sealed record PlacementSettings(int ContextLength, int Parallel, string KvKeyType, string KvValueType, int GpuLayers);

/// <summary>Bytes on the host and on accelerators.</summary>
public sealed record MemoryEstimate(long Weights, long KvCache, long Compute)
{
    public long Total => Weights + KvCache + Compute;
}
