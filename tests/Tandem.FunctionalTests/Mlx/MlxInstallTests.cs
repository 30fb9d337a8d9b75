using System.Text.Json;
using Tandem.FunctionalTests.Runtimes;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>Installations of another MLX runtime that fail: the one that is there goes on.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxInstallTests(ITestOutputHelper output)
{
    private const string Other = "mlx@0.32.1";
    private static readonly string[] Ask = ["run", "-m", "tandem/storyteller-mlx", "Hi", "--json", "--max-tokens", "2"];

    [Fact]
    public async Task Killed_anywhere_in_pip_an_installation_leaves_the_old_environment_working_and_no_litter()
    {
        using var cli = await PrepareAsync();
        string[] get = ["runtime", "get", Other, "--wheels", Path.Combine(SharedFolder.Path!, "wheelhouse"), "-y"];
        int whole;
        using (var events = new FileEvents(cli.Runtimes))
        {
            await cli.DoAsync(get);
            whole = events.Count;
        }

        Assert.Contains(Other, await cli.DoAsync("runtime", "survey", "--json"), StringComparison.Ordinal);
        await cli.AssertAllUsableAsync();
        var points = Trials.Count(2);
        for (var point = 1; point <= points; point++)
        {
            if (Directory.GetDirectories(cli.Runtimes, Other + "*") is [var there])
                await cli.DoAsync("runtime", "remove", Path.GetFileName(there), "-y");
            var after = whole * point / (points + 1);
            using var events = new FileEvents(cli.Runtimes);
            var killed = await cli.KillAsync(_ => events.AfterAsync(after), get);
            output.WriteLine($"point {point}: after {after} of {whole} changes of files, {events.Count} in all");
            Assert.True(killed, $"point {point}: the installation was through before its kill");
            await AssertAnswersAsync(cli);
            Assert.Empty(ProcessList.Mentioning(cli.Home));
            // What is still being deleted has a name with a dot.
            var named = Directory.GetDirectories(cli.Runtimes).Where(folder => Path.GetFileName(folder)[0] != '.');
            Assert.All(named, folder => Assert.True(File.Exists(Path.Combine(folder, "manifest.json")), $"point {point}: {folder} was left behind"));
        }
    }

    [Fact]
    public async Task Without_an_index_and_on_a_full_disk_the_old_environment_works()
    {
        using var cli = await PrepareAsync();
        var runtime = Directory.ResolveLinkTarget(Path.Combine(cli.Runtimes, MlxRuntime.Id), returnFinalTarget: true)!.FullName;
        // The disk has room when it is looked at and is full soon after: the environment's folder is there, its packages are not.
        var script = $$"""
            mkdir -p $TANDEM_HOME/runtimes && ln -s '{{runtime}}' $TANDEM_HOME/runtimes/{{MlxRuntime.Id}}
            PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:9/ PIP_RETRIES=0 tandem runtime get {{Other}} -y; echo "offline: $?"
            tandem {{string.Join(' ', Ask)}}
            (until ls -d $TANDEM_HOME/runtimes/{{Other}}*/bin; do sleep 0.05; done; cat /dev/zero) > $TANDEM_HOME/filler 2> /dev/null &
            tandem runtime get {{Other}} --wheels '{{SharedFolder.Path}}/wheelhouse' -y; echo "full: $?"
            rm -f $TANDEM_HOME/filler; wait; tandem {{string.Join(' ', Ask)}}; ls -A $TANDEM_HOME/runtimes
            """;
        var ended = await cli.OnSmallDiskAsync(480, script);
        Assert.SkipWhen(ended is null, "this machine allows no mount name space");
        output.WriteLine(ended.Value.Output + ended.Value.Error);
        Assert.Contains("offline: 1", ended.Value.Output, StringComparison.Ordinal);
        Assert.Contains("full: 1", ended.Value.Output, StringComparison.Ordinal);
        Assert.Contains("The disk was full", ended.Value.Error, StringComparison.Ordinal);
        Assert.Equal(2, ended.Value.Output.Split("\"content\"").Length - 1);
        Assert.DoesNotContain(Other, ended.Value.Output, StringComparison.Ordinal);
    }

    private static async Task<RuntimeCli> PrepareAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "kills by signals, and a mount name space");
        var runtime = await MlxRuntime.RequireAsync();
        var cli = new RuntimeCli();
        Directory.CreateDirectory(cli.Runtimes);
        Directory.CreateSymbolicLink(Path.Combine(cli.Runtimes, MlxRuntime.Id), runtime.Folder);
        return cli;
    }

    private static async Task AssertAnswersAsync(RuntimeCli cli) =>
        Assert.NotEqual("", JsonElement.Parse(await cli.DoAsync(Ask)).GetProperty("content").GetString());
}
