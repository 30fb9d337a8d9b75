using System.Diagnostics;
using Tandem.Host.Models;
using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Gguf;
using Tandem.Tests.Support;

namespace Tandem.Tests.Models;

/// <summary>Folders as other programs lay them out, and folders that change.</summary>
public sealed class FolderTests : IDisposable
{
    private static readonly IReadOnlyList<IEnginePlugin> Plugins = [new LlamaCppPlugin(), new MlxPlugin()];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_hugging_face_cache_is_read_through_its_links_and_only_the_revision_in_force_counts()
    {
        _folder.Write("hub/models--Org--Model-GGUF/blobs/aaa", Gguf());
        Link("hub/models--Org--Model-GGUF/snapshots/111/old-Q4_0.gguf", "../../blobs/aaa");
        Link("hub/models--Org--Model-GGUF/snapshots/222/new-Q4_0.gguf", "../../blobs/aaa");
        _folder.Write("hub/models--Org--Model-GGUF/refs/main", "222\n");
        _folder.Write("hub/.locks/models--Org--Model-GGUF/x.gguf", Gguf());
        await using var running = await StartAsync();
        var model = Assert.Single(running.Catalogue.Snapshot.Models);
        Assert.Equal("org/model-gguf", model.Key);
        Assert.EndsWith("new-Q4_0.gguf", model.Source.Path, StringComparison.Ordinal);
        Assert.NotNull(model.Description);
    }

    [Fact]
    public async Task An_ollama_store_is_read_by_its_manifests()
    {
        _folder.Write("ollama/models/blobs/sha256-aa", Gguf());
        _folder.Write("ollama/models/blobs/sha256-bb", Gguf(21));
        _folder.Write("ollama/models/blobs/sha256-pp", "a projector");
        Manifest("registry.ollama.ai/library/Llama3.2/1b", "sha256:aa");
        Manifest("registry.ollama.ai/library/Llama3.2/latest", "sha256:bb", "sha256:pp");
        Manifest("hf.co/someone/tiny/Q4_0", "sha256:aa");
        _folder.Write("ollama/models/manifests/registry.ollama.ai/library/broken/latest", "{\"layers\": 7}");
        Manifest("registry.ollama.ai/library/outside/latest", "sha256:../../../../etc/passwd");
        Manifest("registry.ollama.ai/library/gone/latest", "sha256:cc");
        await using var running = await StartAsync();
        Assert.Equal(
            ["library/gone", "library/llama3.2@1b", "library/llama3.2@latest", "someone/tiny"],
            running.Catalogue.Snapshot.Models.Select(model => model.Key));
        Assert.NotNull(running.Model("library/llama3.2@1b").Description);
        Assert.True(running.Model("library/llama3.2@latest").Description!.AcceptsMedia);
        Assert.Contains("sha256-cc", running.Model("library/gone").Problem, StringComparison.Ordinal);
        Assert.Equal("someone/tiny", Assert.IsType<ModelResolution.Found>(running.Catalogue.Resolve("tiny@q4_0")).Model.Key);
    }

    [Fact]
    public async Task New_changed_and_removed_files_show_without_being_asked_for()
    {
        await using var running = await StartAsync();
        Assert.Empty(running.Catalogue.Snapshot.Models);

        var path = _folder.Write("lmstudio/publisher/model/model-Q4_0.gguf", "not a model yet");
        await Until.TrueAsync(() => running.Catalogue.Snapshot.Models is [{ Key: "publisher/model", Problem: not null }]);
        File.WriteAllBytes(path, Gguf());
        await Until.TrueAsync(() => running.Catalogue.Snapshot.Models is [{ Problem: null, Description.LayerCount: 2 }]);
        await Until.TrueAsync(() => running.Index.Snapshot.Models.Length == 1);
        File.Delete(path);
        await Until.TrueAsync(() => running.Catalogue.Snapshot.Models.IsEmpty);
    }

    [Fact]
    public async Task A_scan_that_finds_nothing_new_publishes_nothing()
    {
        _folder.Write("p/m/m.gguf", Gguf());
        _folder.Write("p/broken/m.gguf", "text");
        await using var running = await StartAsync();
        var snapshot = running.Catalogue.Snapshot;
        await running.Catalogue.RescanAsync(forget: false, CancellationToken.None);
        Assert.Same(snapshot, running.Catalogue.Snapshot);
        await running.Catalogue.RescanAsync(forget: true, CancellationToken.None);
        Assert.Equal(2, running.Catalogue.Snapshot.Models.Length);
    }

    [Fact]
    public async Task What_is_no_file_or_empty_is_listed_and_never_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such files.");
        _folder.Write("p/empty/m.gguf", "");
        _folder.Write("p/good/m.gguf", Gguf());
        Directory.CreateDirectory(Path.Combine(_folder.Path, "p/pipe"));
        // Whoever opens it for reading waits for a writer, for ever.
        using (var made = Process.Start("mkfifo", Path.Combine(_folder.Path, "p/pipe/m.gguf")))
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        Link("p/device/m.gguf", "/dev/zero");
        await using var running = await StartAsync();
        Assert.Equal(
            ["p/device", "p/empty", "p/good", "p/pipe"], running.Catalogue.Snapshot.Models.Select(model => model.Key));
        Assert.All(running.Catalogue.Snapshot.Models.Where(model => model.Key != "p/good"), model =>
        {
            Assert.Equal("m.gguf", model.ProblemField);
            Assert.Contains("empty", model.Problem, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task A_model_is_found_eight_folders_down_and_in_a_hidden_model_folder()
    {
        _folder.Write(".lmstudio/a/b/c/d/e/f/publisher/model/m.gguf", Gguf());
        await using var running = await RunningCatalogue.StartAsync(Plugins, new ModelFolder(Path.Combine(_folder.Path, ".lmstudio")));
        Assert.Equal("publisher/model", Assert.Single(running.Catalogue.Snapshot.Models).Key);
    }

    private Task<RunningCatalogue> StartAsync() => RunningCatalogue.StartAsync(Plugins, new ModelFolder(_folder.Path));

    private static byte[] Gguf(int tokens = 20) => GgufBuilder.Model(GgufModels.Tokens(tokens)).Build();

    private void Link(string relative, string target)
    {
        var path = Path.Combine(_folder.Path, relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.CreateSymbolicLink(path, target);
    }

    private void Manifest(string name, string model, string? projector = null) => _folder.Write($"ollama/models/manifests/{name}", $$"""
        {"schemaVersion": 2, "layers": [
          {"mediaType": "application/vnd.ollama.image.model", "digest": "{{model}}", "size": 1}
          {{(projector is null ? "" : $$""", {"mediaType": "application/vnd.ollama.image.projector", "digest": "{{projector}}", "size": 1}""")}},
          {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:ll", "size": 1}]}
        """);
}
