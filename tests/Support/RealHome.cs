using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Host.Storage;
using Tandem.Host.Workers;

namespace Tandem.Tests.Support;

/// <summary>A supervisor's inside on the built application, with the real plugins and the bundled runtime, in a home of its own.</summary>
internal sealed class RealHome : IAsyncDisposable
{
    public const string Bundled = "llama.cpp@0.5.0+3.22.1-cpu";

    private readonly ServiceProvider _services;

    public RealHome()
    {
        Options = new HostOptions { HomeFolder = Directory.CreateTempSubdirectory("tr-").FullName, ApplicationFolder = AppFolder.Path };
        _services = new ServiceCollection().AddSingleton(Options).AddSingleton(TimeProvider.System).AddLogging()
            .AddSingleton<Database>().AddPlugins().AddRuntimes().AddWorkers().AddServing().BuildServiceProvider();
    }

    public HostOptions Options { get; }

    public static string BundledFolder { get; } = Path.Combine(AppFolder.Path, "runtimes", Bundled);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A copy of the bundled runtime under another package version, as if it had been installed; its manifest lists no files.</summary>
    public string Copy(string package)
    {
        var id = Bundled.Replace("3.22.1", package, StringComparison.Ordinal);
        return CopyTo(Path.Combine(Options.HomeFolder, "runtimes", id), id);
    }

    public static string CopyTo(string folder, string id)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(BundledFolder).Where(file => Path.GetFileName(file) != "manifest.json"))
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        var manifest = File.ReadAllText(Path.Combine(BundledFolder, "manifest.json"));
        var files = manifest.IndexOf("\"files\"", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "manifest.json"), manifest[..files].Replace(Bundled, id, StringComparison.Ordinal) + "\"files\": {} }");
        return folder;
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Directory.Delete(Options.HomeFolder, recursive: true);
    }
}
