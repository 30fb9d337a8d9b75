using Tandem.Host;
using Tandem.Host.Runtimes;
using Tandem.Tests.Support;

namespace Tandem.Tests.Runtimes;

public sealed class RuntimeCatalogueTests
{
    [Fact]
    public async Task The_newest_runtime_that_works_here_is_picked()
    {
        await using var home = new FakeHome();
        home.AddRuntime("fake@1.10.0+1-cpu", "1.10.0");
        home.AddRuntime("fake@1.9.0+1-cpu", "1.9.0");
        home.AddRuntime("fake@9.0.0+1-cpu", "9.0.0", system: "amiga");
        var runtimes = home.Get<RuntimeCatalogue>();
        var picked = Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake")).Runtime;
        Assert.Equal("1.10.0", picked.EngineVersion);
        Assert.Equal(Path.Combine(home.Options.ApplicationFolder, "runtimes", "fake@1.10.0+1-cpu"), picked.Folder);
        var reports = runtimes.Snapshot.Runtimes;
        Assert.Equal(4, reports.Count);
        Assert.Equal("fake@1.10.0+1-cpu", Assert.Single(reports, report => report.Selected).Info?.Id);
        var other = Assert.Single(reports, report => !report.Usable);
        Assert.Contains("amiga", other.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runtime_of_the_home_comes_before_a_bundled_one_of_the_same_id()
    {
        await using var home = new FakeHome();
        var installed = Path.Combine(home.Options.HomeFolder, "runtimes", "mine");
        Directory.CreateDirectory(installed);
        File.Copy(Path.Combine(home.RuntimeFolder, "manifest.json"), Path.Combine(installed, "manifest.json"));
        Assert.Equal(installed, Assert.IsType<RuntimeChoice.Found>(home.Get<RuntimeCatalogue>().Pick("fake")).Runtime.Folder);
    }

    [Theory]
    [InlineData("{", "manifest.json")]
    [InlineData("null", "null")]
    [InlineData("""{"id": "x"}""", "engineId")]
    [InlineData("""{"id": 5}""", "$.id")]
    public async Task A_bad_manifest_is_listed_with_the_reason_and_stops_nothing(string manifest, string reason)
    {
        await using var home = new FakeHome();
        var folder = Directory.CreateDirectory(Path.Combine(home.Options.ApplicationFolder, "runtimes", "bad")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest);
        var runtimes = home.Get<RuntimeCatalogue>();
        var bad = Assert.Single(runtimes.Snapshot.Runtimes, report => report.Folder == folder);
        Assert.Contains(reason, bad.Problem!, StringComparison.Ordinal);
        Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake"));
    }

    [Fact]
    public async Task A_missing_runtime_says_what_to_do()
    {
        await using var home = new FakeHome();
        Directory.Delete(home.RuntimeFolder, recursive: true);
        var failure = Assert.IsType<RuntimeChoice.Missing>(home.Get<RuntimeCatalogue>().Pick("fake")).Failure;
        Assert.Equal(FailureCodes.RuntimeNotFound, failure.Code);
        Assert.Contains("tandem runtime get fake", failure.NextStep!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runtime_that_does_not_work_here_is_named_with_the_failing_condition()
    {
        await using var home = new FakeHome();
        Directory.Delete(home.RuntimeFolder, recursive: true);
        home.AddRuntime("fake@1.0.0+1-amiga", system: "amiga");
        var failure = Assert.IsType<RuntimeChoice.Missing>(home.Get<RuntimeCatalogue>().Pick("fake")).Failure;
        Assert.Contains("fake@1.0.0+1-amiga", failure.Message, StringComparison.Ordinal);
        Assert.Contains("amiga", failure.Message, StringComparison.Ordinal);
        Assert.StartsWith("Install a runtime for", failure.NextStep!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_runtime_is_seen_after_a_refresh()
    {
        await using var home = new FakeHome();
        var runtimes = home.Get<RuntimeCatalogue>();
        home.AddRuntime("fake@2.0.0+1-cpu", "2.0.0");
        Assert.Equal("1.0.0", Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake")).Runtime.EngineVersion);
        runtimes.Refresh();
        Assert.Equal("2.0.0", Assert.IsType<RuntimeChoice.Found>(runtimes.Pick("fake")).Runtime.EngineVersion);
    }

    [Theory]
    [InlineData("1.9.0", "1.10.0")]
    [InlineData("1.0", "1.0.1")]
    [InlineData("0.5.0-rc1", "0.5.0-rc2")]
    [InlineData("b9", "b9.1")]
    public void Versions_are_ordered_as_publishers_count(string older, string newer)
    {
        Assert.True(RuntimeVersion.Order.Compare(older, newer) < 0);
        Assert.True(RuntimeVersion.Order.Compare(newer, older) > 0);
        Assert.Equal(0, RuntimeVersion.Order.Compare(newer, newer));
    }

    [Fact]
    public void The_machine_knows_itself()
    {
        var machine = MachineSurvey.Take();
        Assert.Contains(machine.OperatingSystem, new[] { "linux", "macos", "windows" });
        Assert.Contains(machine.Architecture, new[] { "x64", "arm64" });
        Assert.NotEmpty(machine.CpuFeatures);
        Assert.True(machine.MemoryBytes > 100_000_000);
    }
}
