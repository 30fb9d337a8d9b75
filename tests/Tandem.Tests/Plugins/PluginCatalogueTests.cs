using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Plugins;
using Tandem.Plugins;
using Tandem.Tests.Support;

namespace Tandem.Tests.Plugins;

public sealed class PluginCatalogueTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_good_plugin_is_loaded_and_shares_only_the_contract()
    {
        Link("FakePlugin", "fake");
        var plugin = Assert.Single(Catalogue().Plugins);
        Assert.Equal("fake", plugin.Engine?.Id);
        var instance = Assert.IsType<PluginStatus.Loaded>(plugin.Status).Plugin;
        var context = System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(instance.GetType().Assembly);
        Assert.NotSame(System.Runtime.Loader.AssemblyLoadContext.Default, context);
    }

    [Fact]
    public void Bad_plugins_are_shown_with_their_reasons_and_the_good_one_works()
    {
        Link("FakePlugin", "fake");
        Link("WrongContractPlugin", "wrong");
        Link("ThrowingPlugin", "throws");
        Link("MissingDependencyPlugin", "lost");
        var catalogue = Catalogue();
        var reports = catalogue.Report().ToDictionary(report => Path.GetFileName(report.Folder));
        Assert.Equal("loaded", reports["fake"].State);
        Assert.Equal("incompatible", reports["wrong"].State);
        Assert.Contains($"this Tandem has version {PluginContract.Version}", reports["wrong"].Reason!, StringComparison.Ordinal);
        Assert.Equal("broken", reports["throws"].State);
        Assert.Contains("its constructor threw", reports["throws"].Reason!, StringComparison.Ordinal);
        Assert.Equal("broken", reports["lost"].State);
        Assert.Contains("MissingDependency", reports["lost"].Reason!, StringComparison.Ordinal);
        Assert.NotNull(catalogue.Find("fake"));
        Assert.Single(catalogue.Loaded);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "not an object")]
    [InlineData("""{"contract": 1, "assembly": "a.dll", "type": "T"}""", "'id'")]
    [InlineData("""{"id": "x", "contract": "1", "assembly": "a.dll", "type": "T"}""", "'contract'")]
    [InlineData("""{"id": "x", "contract": 1, "assembly": "../a.dll", "type": "T"}""", "'assembly'")]
    [InlineData("""{"id": "x", "contract": 1, "assembly": "a.dll", "type": 5}""", "'type'")]
    [InlineData("""{"id": "x", "contract": 1, "assembly": "a.dll", "type": "T"}""", "a.dll is missing")]
    [InlineData("""{"id": "x", "contract": 99, "assembly": "a.dll", "type": "T"}""", "version 99")]
    public void A_bad_manifest_is_named_with_its_field(string manifest, string reason)
    {
        Write("x", manifest);
        var report = Assert.Single(Catalogue().Report());
        Assert.NotEqual("loaded", report.State);
        Assert.Contains(reason, report.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void An_assembly_that_is_none_and_a_type_that_is_none_are_broken()
    {
        Write("text", """{"id": "x", "contract": 1, "assembly": "x.dll", "type": "T"}""");
        File.WriteAllText(Path.Combine(_folder, "text", "x.dll"), "this is no assembly");
        Directory.CreateDirectory(Path.Combine(_folder, "type"));
        File.Copy(Path.Combine(TestOutput.FolderOf("FakePlugin"), "FakePlugin.dll"), Path.Combine(_folder, "type", "FakePlugin.dll"));
        Write("type", """{"id": "x", "contract": 1, "assembly": "FakePlugin.dll", "type": "Nobody"}""");
        var reports = Catalogue().Report().ToDictionary(report => Path.GetFileName(report.Folder));
        Assert.Contains("not a .NET assembly", reports["text"].Reason!, StringComparison.Ordinal);
        Assert.Contains("has no type Nobody", reports["type"].Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_plugin_of_an_engine_is_broken()
    {
        Link("FakePlugin", "a");
        Link("FakePlugin", "b");
        var reports = Catalogue().Report();
        Assert.Equal(["loaded", "broken"], reports.Select(report => report.State));
        Assert.Contains("already has the plugin", reports[1].Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_plugin_throws_becomes_its_state()
    {
        Link("FakePlugin", "fake");
        var plugin = Assert.Single(Catalogue().Plugins);
        var failed = Assert.IsType<PluginCall<int>.Failed>(plugin.Call<int>("counting", _ => throw new InvalidOperationException("oh no")));
        Assert.Equal(FailureCodes.RuntimeBroken, failed.Failure.Code);
        Assert.Contains("counting threw InvalidOperationException: oh no", failed.Failure.Message, StringComparison.Ordinal);
        Assert.Equal("broken", plugin.Report().State);
        Assert.IsType<PluginCall<int>.Failed>(plugin.Call("again", _ => 1));
    }

    [Fact]
    public async Task A_cancelled_call_breaks_no_plugin()
    {
        Link("FakePlugin", "fake");
        var plugin = Assert.Single(Catalogue().Plugins);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await plugin.CallAsync<int>(
            "waiting",
            (_, token) =>
            {
                token.ThrowIfCancellationRequested();
                return ValueTask.FromResult(1);
            },
            cancelled.Token));
        Assert.IsType<PluginStatus.Loaded>(plugin.Status);
    }

    [Fact]
    public void Without_a_folder_there_are_no_plugins() =>
        Assert.Empty(new PluginCatalogue(
            new HostOptions { HomeFolder = _folder, ApplicationFolder = "/nowhere" }, NullLogger<PluginCatalogue>.Instance).Plugins);

    private PluginCatalogue Catalogue() =>
        new(new HostOptions { HomeFolder = _folder, PluginFolders = [_folder] }, NullLogger<PluginCatalogue>.Instance);

    private void Link(string project, string name) =>
        Directory.CreateSymbolicLink(Path.Combine(_folder, name), TestOutput.FolderOf(project));

    private void Write(string name, string manifest)
    {
        Directory.CreateDirectory(Path.Combine(_folder, name));
        File.WriteAllText(Path.Combine(_folder, name, PluginContract.ManifestFile), manifest);
    }
}
