namespace Tandem.Plugins.LlamaCpp;

/// <summary>
/// llama.cpp builds as the npm packages of node-llama-cpp carry them. The package version says nothing of llama.cpp's own: the table does.
/// Packages for macOS and Windows end at 3.21.1.
/// </summary>
internal static class LlamaCppPackages
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>llama.cpp's version by package version, newest first.</summary>
    private static readonly (string Package, string Engine, bool LinuxOnly)[] Versions =
    [
        ("3.22.1", "0.5.0", true),
        ("3.22.0", "0.5.0", true),
        ("3.21.1", "0.4.0", false),
    ];

    /// <summary>What only Node.js can use.</summary>
    private static readonly string[] NodeOnly = ["llama-addon.node", "_nlcBuildMetadata.json"];

    /// <summary>Packages, for one machine the better ones first.</summary>
    private static readonly Build[] Builds =
    [
        new("linux-x64-cuda", "linux", "x64", "cuda", 700),
        new("linux-x64-vulkan", "linux", "x64", "vulkan", 150),
        new("linux-x64", "linux", "x64", "cpu", 60),
        new("linux-arm64", "linux", "arm64", "cpu", 60),
        new("mac-arm64-metal", "macos", "arm64", "metal", 40),
        new("mac-x64", "macos", "x64", "cpu", 40),
        new("win-x64-cuda", "windows", "x64", "cuda", 700),
        new("win-x64-vulkan", "windows", "x64", "vulkan", 150),
        new("win-x64", "windows", "x64", "cpu", 60),
        new("win-arm64", "windows", "arm64", "cpu", 60),
    ];

    /// <summary>Checksums of packages this table was made with; others are checked against the registry's own record.</summary>
    private static readonly Dictionary<string, string> Integrity = new()
    {
        ["linux-x64@3.22.1"] = "sha512-5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg==",
        ["linux-x64@3.22.0"] = "sha512-Hyq6DhOAOiMqmXvKaAvOz0YEv/T6Ye3qM1cMleNpFfDyduId6oa5ACesrkNgTvxsC6qWHOy6xA84nAt3+jbMog==",
        ["linux-x64@3.21.1"] = "sha512-Totj6RTDMGo3FoK2yNUaz/oGmZD0olAqTrRluFUWmu0kW2i9TOzHSW0OWCAiGkzRCVX0WsU2CyUQo/W2NYtdPA==",
        ["linux-arm64@3.22.1"] = "sha512-W+7naKCXX9/eEjjFmRS8vvx91QyLXDbeFxexZc3bh/PtQABZgmRL3C0AtYYXn4YGTj/3Qor4lWZn2tpjZFPLdQ==",
        ["linux-x64-vulkan@3.22.1"] = "sha512-bBxqU+JOcBu1nb5Qj2zcMci+JByT1E8EajHvYodyNfVIPkEhXh+/HMwR1/BT7xP08YK0hks+kM8fglER0P8JEg==",
        ["linux-x64-cuda@3.22.1"] = "sha512-8rQCjyNNLZJUFit+YpjwlC4hwkKgOMIkB2wuycKBf8NU2O3ySKbiWZQ8aw9ku2nUTXjSnUIrE6KB88itduTBuA==",
        ["mac-arm64-metal@3.21.1"] = "sha512-6MIDAZV7DXD9R1+jEXWJkFuolni3GATGE6mmuyFYc6ZmtOh9djAy15df0T0AXK3sCmVKL+fQcOAWZezxx4MvQQ==",
        ["mac-x64@3.21.1"] = "sha512-Q4nyNmbcNiKygBZQZjX+qLk2w3YzoiFpLWsxNURQN7xjyUi2p2rWxjRa7Otg0FrjGf/ri4aQ+X3Uj5Y0zD06eg==",
        ["win-x64@3.21.1"] = "sha512-JcIpCnra7bAd7JNWA8ehdn2DIRaTMuj+fBC8bw+5rKSNzszWFbuj2XA05c5QHovonDMBLN1ePXE/hcfZtzXoUQ==",
        ["win-arm64@3.21.1"] = "sha512-/UDR7Y0B8iKfc/tqxBmWkcgRdZQ9Wrkwod7fYl4J6iZXcTIj286RkHvZSED7VMY67TrcUXVvxJVMNFtmjeYnDg==",
        ["win-x64-vulkan@3.21.1"] = "sha512-HJ237Azh5m4Sz+w3A1IU/fYLaSDOocskcfn2ILTgqTuuORCB86EMnu3Yt/XsNhRHTtEiwz1Q/E0mO4PLIbZLAA==",
        ["win-x64-cuda@3.21.1"] = "sha512-PLz70neFEMkQTlmJqG1ujUtCSgHasLPMxQ9rLkqQVmZYAXqkRj+45TIHCjdn3XqUeaoun0vrO9rRaxZ8NVq9jg==",
    };

    /// <summary>Engine versions whose library the worker has been made for.</summary>
    public static IEnumerable<string> EngineVersions => Versions.Select(version => version.Engine).Distinct();

    /// <summary>Recipes whose runtime id begins with the query, newest package first, then the best variant; those that lack a device come last.</summary>
    public static IReadOnlyList<InstallRecipe> Find(string query, MachineInfo machine) =>
    [
        .. from version in Versions
           from build in Builds
           where build.System == machine.OperatingSystem && build.Architecture == machine.Architecture
           where !version.LinuxOnly || build.System == "linux"
           let recipe = ToRecipe(version.Package, version.Engine, build, machine)
           where recipe.Runtime.Id.StartsWith(query, StringComparison.OrdinalIgnoreCase)
           orderby recipe.Unfit is not null
           select recipe,
    ];

    private static InstallRecipe ToRecipe(string package, string engine, Build build, MachineInfo machine) => new()
    {
        Unfit = LlamaCppSurvey.HasDevice(build.Variant, machine) ? null : $"no device for {build.Variant} was found",
        Runtime = new RuntimeInfo
        {
            Id = $"{LlamaCppPlugin.EngineId}@{engine}+{package}-{build.Variant}",
            EngineId = LlamaCppPlugin.EngineId,
            EngineVersion = engine,
            PackageVersion = package,
            Variant = build.Variant,
            OperatingSystem = build.System,
            Architecture = build.Architecture,
            Formats = [GgufFolder.Format],
        },
        Packages =
        [
            new PackageSource($"@node-llama-cpp/{build.Package}", package, $"package/bins/{build.Package}",
                Integrity.GetValueOrDefault($"{build.Package}@{package}"))
            {
                Without = NodeOnly,
            },
        ],
        DiskBytes = build.Megabytes * Megabyte,
    };

    private sealed record Build(string Package, string System, string Architecture, string Variant, long Megabytes);
}
