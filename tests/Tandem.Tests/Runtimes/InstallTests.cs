using System.IO.Compression;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Tandem.Host;
using Tandem.Host.Runtimes;
using Tandem.Host.Runtimes.Install;
using Tandem.Plugins;
using Tandem.Tests.Support;

namespace Tandem.Tests.Runtimes;

/// <summary>Installing: what comes out, and that everything is as before when it fails.</summary>
public sealed class InstallTests
{
    [Fact]
    public async Task A_package_becomes_a_runtime_with_its_files_written_down_and_changes_no_selection()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0");
        var phases = new List<string>();
        Assert.Equal(new InstallOutcome.Installed(id, AlreadyThere: false), await Install(home, "fake", phases));
        var report = Report(home, id);
        Assert.Equal(["LICENSE", "library.so", "process.fake.json"], report.Info!.Files.Keys.Order(StringComparer.Ordinal));
        Assert.All(report.Info.Files.Values, hash => Assert.Equal(64, hash.Length));
        Assert.True(report.Usable && report.Survey!.Probe!.Pid > 0, report.Reason);
        Assert.Equal(["checking", "fetching", "unpacking", "hashing", "probing", "activating"], phases.Distinct());
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
        AssertNoLitter(home, id);
    }

    [Fact]
    public async Task What_is_installed_and_works_is_not_installed_again_and_what_is_damaged_is()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0");
        await Install(home, id);
        Assert.Equal(new InstallOutcome.Installed(id, AlreadyThere: true), await Install(home, id));
        Assert.Equal(1, ((FolderPackages)home.Get<IPackageFetcher>()).Fetches);

        await File.WriteAllTextAsync(Path.Combine(Report(home, id).Folder, "library.so"), "worse", TestContext.Current.CancellationToken);
        var damaged = await home.Get<RuntimeChecks>().SurveyAsync(Report(home, id), fresh: true, TestContext.Current.CancellationToken);
        Assert.Equal((false, "library.so is not as it was installed."), (damaged.Usable, damaged.Reason));
        Assert.Contains($"tandem runtime get {id}", damaged.NextStep!, StringComparison.Ordinal);
        Assert.Equal(new InstallOutcome.Installed(id, AlreadyThere: false), await Install(home, id));
        Assert.True(Report(home, id).Usable);
        AssertNoLitter(home, id);
    }

    [Fact]
    public async Task A_package_that_is_not_the_one_expected_is_not_unpacked()
    {
        await using var home = new FakeHome();
        home.Offer("2.0.0", change: offer => offer["integrity"] = "sha512-AAAA");
        var failure = await Refused(home, "fake");
        Assert.Contains("is not the package it should be", failure.Message, StringComparison.Ordinal);
        AssertNoLitter(home);
    }

    [Fact]
    public async Task A_package_that_arrived_whole_is_not_fetched_again()
    {
        await using var home = new FakeHome();
        var bad = new FakeScript { Faults = new() { Broken = ["no device"] } };
        home.Offer("2.0.0", process: bad, change: offer => offer["integrity"] = "");
        var archive = Path.Combine(home.Packages, "fake-runtime-1.tgz");
        SetIntegrity(home, FolderPackages.IntegrityOf(archive));
        await Refused(home, "fake");
        await Refused(home, "fake");
        Assert.Equal(1, ((FolderPackages)home.Get<IPackageFetcher>()).Fetches);
    }

    [Theory]
    [InlineData("broken", "no device was found")]
    [InlineData("exit", "exit code 3")]
    [InlineData("signal", "SIGSEGV")]
    public async Task A_runtime_whose_probe_fails_is_not_installed_and_says_why(string fault, string reason)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && fault == "signal", "no signals");
        await using var home = new FakeHome();
        home.Offer("2.0.0", process: new FakeScript
        {
            Faults = fault switch
            {
                "broken" => new() { Broken = ["no device was found"] },
                "exit" => new() { Probe = new() { Exit = 3 } },
                _ => new() { Probe = new() { Signal = 11 } },
            },
        });
        var failure = await Refused(home, "fake");
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(failure.NextStep));
        AssertNoLitter(home);
    }

    [Fact]
    public async Task Without_network_and_without_room_everything_is_as_before()
    {
        await using var home = new FakeHome();
        home.Offer("2.0.0");
        Directory.Delete(home.Packages, recursive: true);
        Assert.Contains("not reachable", (await Refused(home, "fake")).Message, StringComparison.Ordinal);
        home.Offer("3.0.0", "3", change: offer => offer["disk_bytes"] = long.MaxValue / 2);
        Assert.Contains("MiB free", (await Refused(home, "fake")).Message, StringComparison.Ordinal);
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
        AssertNoLitter(home);
    }

    [Fact]
    public async Task A_cancelled_installation_leaves_nothing()
    {
        await using var home = new FakeHome();
        home.Offer("2.0.0");
        using var cancel = new CancellationTokenSource();
        ((FolderPackages)home.Get<IPackageFetcher>()).Before = _ => cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Install(home, "fake", cancellationToken: cancel.Token));
        AssertNoLitter(home);
    }

    [Fact]
    public async Task Commands_run_in_the_final_folder_and_the_manifest_comes_last()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the commands are of a Unix shell");
        await using var home = new FakeHome();
        var wheels = Directory.CreateDirectory(Path.Combine(home.Options.HomeFolder, "wheels")).FullName;
        var id = home.Offer("2.0.0", change: offer => offer["commands"] = new JsonArray(
            new JsonArray("sh", "-c", "test \"$PWD\" = \"$PLACE\" && test ! -e manifest.json && echo \"$WHEELS\" > wheels.txt"),
            new JsonArray("sh", "-c", "echo '{}' > process.fake.json")));
        Assert.Equal(new InstallOutcome.Installed(id, false), await Install(home, "fake", wheels: wheels));
        var report = Report(home, id);
        Assert.Equal(home.Get<RuntimeStore>().FolderOf(id), report.Folder);
        Assert.Equal(wheels, (await File.ReadAllTextAsync(Path.Combine(report.Folder, "wheels.txt"), TestContext.Current.CancellationToken)).Trim());
        Assert.Equal(["process.fake.json", "wheels.txt"], report.Info!.Files.Keys.Order(StringComparer.Ordinal));
        AssertNoLitter(home, id);
    }

    [Fact]
    public async Task A_command_that_fails_is_named_with_its_last_words_and_leaves_no_folder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the commands are of a Unix shell");
        await using var home = new FakeHome();
        home.Offer("2.0.0", change: offer => offer["commands"] = new JsonArray(new JsonArray("sh", "-c", "touch half; echo no such wheel >&2; exit 7")));
        var failure = await Refused(home, "fake");
        Assert.Contains("exit code 7: no such wheel", failure.Message, StringComparison.Ordinal);
        AssertNoLitter(home);
        home.Offer("3.0.0", "2", change: offer => offer["commands"] = new JsonArray(new JsonArray("no-such-program")));
        Assert.Contains("no-such-program was not found", (await Refused(home, "fake")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_installation_left_is_swept_at_the_next_start_and_nothing_else()
    {
        await using var home = new FakeHome();
        var store = home.Get<RuntimeStore>();
        File.WriteAllText(Path.Combine(store.CreateStaging(), "half"), "");
        File.WriteAllText(Path.Combine(store.CreateInPlace("fake@9+1-cpu"), "half"), "");
        var own = Directory.CreateDirectory(Path.Combine(store.HomeFolder, "notes")).FullName;
        await home.Get<RuntimeChecks>().StartAsync(TestContext.Current.CancellationToken);
        await home.Get<RuntimeChecks>().Swept;
        await home.Get<RuntimeChecks>().Surveyed;
        Assert.Equal([own], Directory.GetFileSystemEntries(store.HomeFolder));
    }

    [Fact]
    public async Task A_variant_that_does_not_fit_is_installed_only_by_its_whole_id()
    {
        await using var home = new FakeHome();
        var id = home.Offer("2.0.0", change: offer => (offer["variant"], offer["unfit"]) = ("cuda", "no device for cuda was found"));
        var refusal = Assert.IsType<OfferChoice.Refused>(home.Get<RuntimeOffers>().Choose("fake@2", null)).Failure;
        Assert.Contains("no device for cuda", refusal.Message, StringComparison.Ordinal);
        Assert.IsType<InstallOutcome.Installed>(await Install(home, id));
        var report = Report(home, id);
        Assert.Contains("would run on the processor", Assert.Single(report.Warnings), StringComparison.Ordinal);
        Assert.Equal(Compatibility.GpuSurveyUnsuccessful, report.Compatibility);
    }

    [Fact]
    public async Task A_build_of_ones_own_is_added_from_a_folder_and_from_an_archive_under_its_own_version()
    {
        await using var home = new FakeHome();
        var folder = Directory.CreateDirectory(Path.Combine(home.Options.HomeFolder, "mine", "build", "bin")).FullName;
        ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), new FakeScript { Engine = new() { Version = "7.1.0-dev" } });
        var installer = home.Get<RuntimeInstaller>();
        var source = Path.Combine(home.Options.HomeFolder, "mine");
        var added = Assert.IsType<InstallOutcome.Installed>(await installer.AddAsync(source, new Progress<InstallProgress>(), TestContext.Current.CancellationToken));
        Assert.Matches(@"^fake@7\.1\.0\+local\.[0-9a-f]{8}-cpu$", added.Id);
        Assert.True(File.Exists(Path.Combine(folder, ScriptFile.ProcessScript)));

        var again = await installer.AddAsync(source, new Progress<InstallProgress>(), TestContext.Current.CancellationToken);
        Assert.Contains("installed already", Assert.IsType<InstallOutcome.Failed>(again).Failure.Message, StringComparison.Ordinal);
        ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), new FakeScript { Engine = new() { Version = "7.2.0" } });
        var archive = Path.Combine(home.Options.HomeFolder, "mine.zip");
        ZipFile.CreateFromDirectory(source, archive);
        added = Assert.IsType<InstallOutcome.Installed>(await installer.AddAsync(archive, new Progress<InstallProgress>(), TestContext.Current.CancellationToken));
        Assert.StartsWith("fake@7.2.0+local.", added.Id, StringComparison.Ordinal);
        AssertNoLitter(home, [.. home.Get<RuntimeCatalogue>().Snapshot.Runtimes.Where(report => !report.Bundled).Select(report => report.Info!.Id)]);
    }

    [Fact]
    public async Task A_folder_that_is_no_build_or_links_out_of_itself_is_refused()
    {
        await using var home = new FakeHome();
        var folder = Directory.CreateDirectory(Path.Combine(home.Options.HomeFolder, "mine")).FullName;
        async Task<string> Message() => Assert.IsType<InstallOutcome.Failed>(
            await home.Get<RuntimeInstaller>().AddAsync(folder, new Progress<InstallProgress>(), TestContext.Current.CancellationToken)).Failure.Message;
        Assert.Contains("holds no build of an engine", await Message(), StringComparison.Ordinal);
        ScriptFile.Write(Path.Combine(folder, ScriptFile.ProcessScript), new FakeScript());
        File.CreateSymbolicLink(Path.Combine(folder, "secret"), Path.Combine(home.Options.HomeFolder, "offers.fake.json"));
        Assert.Contains("is a link to a place outside", await Message(), StringComparison.Ordinal);
        AssertNoLitter(home);
    }

    internal static async Task<InstallOutcome> Install(
        FakeHome home, string query, List<string>? phases = null, string? wheels = null, CancellationToken? cancellationToken = null)
    {
        var offer = Assert.IsType<OfferChoice.Chosen>(home.Get<RuntimeOffers>().Choose(query, wheels)).Recipe;
        return await home.Get<RuntimeInstaller>().InstallAsync(offer, new Phases(phases ?? []), cancellationToken ?? TestContext.Current.CancellationToken);
    }

    internal static RuntimeReport Report(FakeHome home, string id) => Assert.IsType<RuntimeLookup.Found>(home.Get<RuntimeCatalogue>().Find(id)).Report;

    internal static RuntimeInfo Picked(FakeHome home) => Assert.IsType<RuntimeChoice.Found>(home.Get<RuntimeCatalogue>().Pick("fake")).Runtime;

    /// <summary>In the folder of runtimes lie the installed ones and nothing else.</summary>
    internal static void AssertNoLitter(FakeHome home, params string[] installed) =>
        Assert.Equal(installed.Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(home.Get<RuntimeStore>().HomeFolder)
            .Select(Path.GetFileName).Where(name => name != ".downloads").Order(StringComparer.Ordinal));

    private static async Task<Failure> Refused(FakeHome home, string query)
    {
        var failure = Assert.IsType<InstallOutcome.Failed>(await Install(home, query)).Failure;
        Assert.Equal("1.0.0", Picked(home).EngineVersion);
        return failure;
    }

    private static void SetIntegrity(FakeHome home, string integrity)
    {
        var file = Path.Combine(home.Options.HomeFolder, "offers.fake.json");
        var offers = JsonNode.Parse(File.ReadAllText(file))!.AsArray();
        offers[0]!["integrity"] = integrity;
        File.WriteAllText(file, offers.ToJsonString());
    }

    private sealed class Phases(List<string> seen) : IProgress<InstallProgress>
    {
        private double _last;

        public void Report(InstallProgress value)
        {
            Assert.InRange(value.Fraction, _last, 1);
            _last = value.Fraction;
            seen.Add(value.Phase);
        }
    }
}
