namespace Tandem.Plugins.Mlx;

/// <summary>
/// A runtime's folder: a Python environment that holds MLX, mlx-lm and what they need. The worker itself is not in it: it lies in the
/// engine's folder and is run by the environment's Python, so that one worker serves every installed version.
/// </summary>
internal sealed class MlxEnvironment
{
    private const string PackageRecord = ".dist-info";
    private readonly string _folder;
    private readonly string? _packages;

    public MlxEnvironment(string folder)
    {
        _folder = folder;
        var lib = Path.Combine(folder, "lib");
        _packages = Directory.Exists(lib)
            ? Directory.EnumerateDirectories(lib, "python3.*").Select(python => Path.Combine(python, "site-packages")).FirstOrDefault(Directory.Exists)
            : null;
        Versions = _packages is null ? [] : ReadVersions(_packages);
    }

    /// <summary>Versions of the installed packages by lower-case name with underscores, from their records.</summary>
    public IReadOnlyDictionary<string, string> Versions { get; }

    public string Python => Path.Combine(_folder, "bin", "python");

    /// <summary>The environment's Python is a link to the one it was made with.</summary>
    public bool HasPython => File.Exists(Python);

    /// <summary>Python's version as its libraries are tagged, e.g. <c>311</c>; empty when there is none.</summary>
    public string PythonTag => _packages is null ? "" : Path.GetFileName(Path.GetDirectoryName(_packages))!["python".Length..].Replace(".", "", StringComparison.Ordinal);

    /// <summary>MLX's library for Python, and for which Python it was made; null when there is none.</summary>
    public string? CoreLibrary => Find("mlx", "core.*.so");

    /// <summary>MLX itself, which a package of its own brings; null when it is not there.</summary>
    public string? MainLibrary => Find(Path.Combine("mlx", "lib"), "libmlx.*");

    /// <summary>What a package calls its own libraries; empty when the folder is gone.</summary>
    public bool HasLibrariesOf(string package) => _packages is not null && Directory.Exists(Path.Combine(_packages, package + ".libs"));

    private string? Find(string folder, string pattern)
    {
        var path = Path.Combine(_packages ?? _folder, folder);
        return Directory.Exists(path) ? Directory.EnumerateFiles(path, pattern).FirstOrDefault() : null;
    }

    private static Dictionary<string, string> ReadVersions(string packages)
    {
        var versions = new Dictionary<string, string>();
        foreach (var record in Directory.EnumerateDirectories(packages, "*" + PackageRecord))
        {
            var name = Path.GetFileName(record)[..^PackageRecord.Length];
            var dash = name.LastIndexOf('-');
            if (dash > 0)
                versions[name[..dash].ToLowerInvariant()] = name[(dash + 1)..];
        }
        return versions;
    }
}
