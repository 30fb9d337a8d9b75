using System.Text.Json;
using Tandem.Plugins;

namespace FakePlugin;

/// <summary>Runtimes that a test offers for installation, from a file beside the home's runtimes.</summary>
internal static class FakeOffers
{
    private const string FileName = "offers.fake.json";
    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static IReadOnlyList<InstallRecipe> Find(InstallQuery query)
    {
        var file = Path.Combine(query.RuntimesFolder, "..", FileName);
        if (!File.Exists(file))
            return [];
        var offers = JsonSerializer.Deserialize<List<Offer>>(File.ReadAllBytes(file), Names) ?? [];
        return
        [
            .. from offer in offers
               let runtime = RuntimeOf(offer.Version, offer.Package, offer.Variant, query.Machine)
               where runtime.Id.StartsWith(query.Query, StringComparison.OrdinalIgnoreCase)
               select new InstallRecipe
               {
                   Runtime = runtime,
                   Unfit = offer.Unfit,
                   DiskBytes = offer.DiskBytes,
                   Packages = offer.Commands.Count > 0 ? [] : [new PackageSource("fake-runtime", offer.Package, "package/bin", offer.Integrity) { Without = ["unwanted"] }],
                   Commands = [.. offer.Commands.Select(words => new LaunchPlan(words[0], words[1..], new Dictionary<string, string>
                   {
                       ["WHEELS"] = query.WheelsFolder ?? "",
                       ["PLACE"] = Path.Combine(query.RuntimesFolder, runtime.Id),
                   }))],
               },
        ];
    }

    public static RuntimeInfo RuntimeOf(string version, string package, string variant, MachineInfo machine) => new()
    {
        Id = $"{FakeEnginePlugin.EngineId}@{version}+{package}-{variant}",
        EngineId = FakeEnginePlugin.EngineId,
        EngineVersion = version,
        PackageVersion = package,
        Variant = variant,
        OperatingSystem = machine.OperatingSystem,
        Architecture = machine.Architecture,
        Formats = [FakeEnginePlugin.EngineId],
    };

    private sealed class Offer
    {
        public string Version { get; set; } = "";
        public string Package { get; set; } = "";
        public string Variant { get; set; } = "cpu";
        public string? Unfit { get; set; }
        public string? Integrity { get; set; }
        public long DiskBytes { get; set; } = 1000;
        public List<string[]> Commands { get; set; } = [];
    }
}
