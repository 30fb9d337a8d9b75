using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Runtimes.Install;
using Tandem.Host.Serving;
using Tandem.Host.Storage;
using Tandem.Host.Workers;
using Tandem.Plugins;

namespace Tandem.Tests.Support;

/// <summary>A supervisor's inside in a home of its own, with the fake engine installed as any engine would be.</summary>
internal sealed class FakeHome : IAsyncDisposable
{
    /// <summary>Bound on waits for things that take well under a second.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly Lazy<ServiceProvider> _services;
    private readonly string _root = Directory.CreateTempSubdirectory("th-").FullName;

    /// <param name="process">Script of the worker process, from its start to the handshake.</param>
    /// <param name="configure">Changes the services before they are built.</param>
    public FakeHome(FakeScript? process = null, Action<IServiceCollection>? configure = null)
    {
        Options = new HostOptions { HomeFolder = Path.Combine(_root, "home"), ApplicationFolder = Path.Combine(_root, "app") };
        Directory.CreateDirectory(Path.Combine(Options.ApplicationFolder, "engines"));
        Directory.CreateDirectory(Path.Combine(Options.ApplicationFolder, "plugins"));
        Directory.CreateDirectory(Path.Combine(_root, "models"));
        Install("FakePlugin", "fake");
        Directory.CreateSymbolicLink(Path.Combine(Options.ApplicationFolder, "engines", "fake"), TestOutput.FolderOf("FakeEngine"));
        AddRuntime("fake@1.0.0+1-cpu");
        if (process is not null)
            Script(process);
        _services = new(() =>
        {
            var services = new ServiceCollection().AddSingleton(Options).AddSingleton(TimeProvider.System).AddLogging()
                .AddSingleton<IPackageFetcher>(new FolderPackages(Packages))
                .AddSingleton<Database>().AddPlugins().AddRuntimes().AddWorkers().AddServing();
            configure?.Invoke(services);
            return services.BuildServiceProvider();
        });
    }

    public HostOptions Options { get; }

    public string RuntimeFolder => Path.Combine(Options.ApplicationFolder, "runtimes", "fake@1.0.0+1-cpu");

    /// <summary>Where the packages of <c>Offer</c> lie.</summary>
    public string Packages => Path.Combine(_root, "packages");

    public ModelServer Server => Get<ModelServer>();

    public T Get<T>()
        where T : notnull => _services.Value.GetRequiredService<T>();

    /// <summary>Puts a test plugin into <c>plugins/</c>.</summary>
    public void Install(string project, string folder) =>
        Directory.CreateSymbolicLink(Path.Combine(Options.ApplicationFolder, "plugins", folder), TestOutput.FolderOf(project));

    public string AddRuntime(string id, string engineVersion = "1.0.0", string? system = null, string engineId = "fake")
    {
        var folder = Path.Combine(Options.ApplicationFolder, "runtimes", id);
        Directory.CreateDirectory(folder);
        system ??= OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : "linux";
        File.WriteAllText(Path.Combine(folder, "manifest.json"), $$"""
            {"id": "{{id}}", "engineId": "{{engineId}}", "engineVersion": "{{engineVersion}}", "packageVersion": "1", "variant": "cpu",
             "operatingSystem": "{{system}}", "architecture": "{{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}}", "formats": ["fake"]}
            """);
        return folder;
    }

    /// <summary>Offers a runtime for installation, newest first as publishers list them, and puts its package into <see cref="Packages"/>.</summary>
    /// <param name="change">Changes the offer as the plugin reads it.</param>
    public string Offer(string version, string package = "1", FakeScript? process = null, Action<JsonObject>? change = null)
    {
        FolderPackages.Write(Packages, package, process ?? new FakeScript { Engine = new() { Version = version } });
        return Offer(Options, version, package, change);
    }

    /// <summary>Adds an offer to those of a home.</summary>
    public static string Offer(HostOptions options, string version, string package, Action<JsonObject>? change)
    {
        var file = Path.Combine(options.HomeFolder, "offers.fake.json");
        var offers = File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file))!.AsArray() : [];
        var offer = new JsonObject { ["version"] = version, ["package"] = package };
        change?.Invoke(offer);
        offers.Insert(0, offer);
        Directory.CreateDirectory(options.HomeFolder);
        File.WriteAllText(file, offers.ToJsonString());
        return $"fake@{version}+{package}-{offer["variant"]?.GetValue<string>() ?? "cpu"}";
    }

    /// <summary>Sets the script of the processes started from now on.</summary>
    public void Script(FakeScript process) => ScriptFile.Write(Path.Combine(RuntimeFolder, ScriptFile.ProcessScript), process);

    public ModelEntry Model(string name, FakeScript? script = null)
    {
        var path = Path.Combine(_root, "models", name + ScriptFile.Extension);
        ScriptFile.Write(path, script ?? new FakeScript());
        return new ModelEntry { Key = $"test/{name}", EngineId = "fake", Source = new ModelSource("fake", path, [path], name, false, null) };
    }

    /// <summary>A model with what its headers say.</summary>
    public async Task<ModelEntry> DescribedAsync(string name)
    {
        var model = Model(name);
        var plugin = Get<PluginCatalogue>().Find("fake")!;
        var call = await plugin.CallAsync("describing", (engine, cancellationToken) => engine.DescribeAsync(model.Source, cancellationToken), CancellationToken.None);
        var described = Assert.IsType<DescribeResult.Described>(Assert.IsType<PluginCall<DescribeResult>.Returned>(call).Value);
        return model with { Description = described.Model };
    }

    /// <summary>What starting a worker by hand takes.</summary>
    public WorkerOrder Order(string workerId = "w1")
    {
        var runtime = ((RuntimeChoice.Found)Get<RuntimeCatalogue>().Pick("fake")).Runtime;
        return new WorkerOrder(workerId, "test/w", runtime, new LaunchPlan(TestOutput.FakeEngine, [], new Dictionary<string, string>()));
    }

    public async Task<IWorkerProcess> StartWorkerAsync(string workerId = "w1") =>
        Assert.IsType<WorkerStart.Started>(await Get<IWorkerHost>().StartAsync(Order(workerId), CancellationToken.None).WaitAsync(Bound)).Process;

    public async Task<Lease> LeaseAsync(ModelEntry model, ModelEntry? draft = null) =>
        Assert.IsType<LeaseResult.Granted>(
            await Server.AcquireAsync(new LeaseRequest(model, draft), CancellationToken.None).WaitAsync(Bound)).Lease;

    public async Task<Failure> RefusalAsync(ModelEntry model, ModelEntry? draft = null) =>
        Assert.IsType<LeaseResult.Refused>(
            await Server.AcquireAsync(new LeaseRequest(model, draft), CancellationToken.None).WaitAsync(Bound)).Failure;

    public async ValueTask DisposeAsync()
    {
        if (_services.IsValueCreated)
            await _services.Value.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    public static Ledger LedgerOf(HostOptions options) => new(options, ProcessSystem.Current, NullLogger<Ledger>.Instance);
}
