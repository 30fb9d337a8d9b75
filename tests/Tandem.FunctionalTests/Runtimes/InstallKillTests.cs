using System.Diagnostics;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Runtimes;

/// <summary>Installations that end in the middle: by SIGKILL at many points, by a full disk.</summary>
[Trait("Tier", "Functional")]
public sealed class InstallKillTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Killed_anywhere_an_installation_leaves_the_old_runtime_working_and_no_litter()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "kills by file events of Linux");
        using var cli = new RuntimeCli();
        var archive = RuntimeCli.ArchiveOfBundled(cli.Home);
        Directory.CreateDirectory(cli.Runtimes);
        var whole = await CountAsync(cli, archive);
        await RemoveAsync(cli);
        var points = Trials.Count(4);
        var (kills, finished) = (0, 0);
        for (var point = 0; point < points; point++)
        {
            var after = 1 + (whole * point / points);
            using var events = new FileEvents(cli.Runtimes);
            kills += await cli.KillAsync(_ => events.AfterAsync(after), "runtime", "add", archive) ? 1 : 0;
            await cli.AssertWorksAsync();
            finished += await RemoveAsync(cli) ? 1 : 0;
        }

        output.WriteLine($"{kills} of {points} installations were killed, after 1 to {whole} changes of files; {finished} were complete all the same");
        Assert.True(kills >= Math.Ceiling(points * 5 / 6.0), $"only {kills} were killed");
        await cli.DoAsync("runtime", "add", archive);
        await cli.AssertAllUsableAsync();
    }

    [Fact]
    public async Task Killed_while_it_fetches_a_package_it_leaves_no_npm_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "kills by signals");
        using var cli = new RuntimeCli();
        var began = Stopwatch.GetTimestamp();
        await cli.DoAsync("runtime", "get", "llama.cpp@0.4.0", "-y");
        var whole = Stopwatch.GetElapsedTime(began);
        var points = Trials.Count(2);
        var kills = 0;
        for (var point = 1; point <= points; point++)
        {
            await cli.DoAsync("runtime", "remove", "llama.cpp@0.4.0", "-y");
            kills += await cli.KillAsync(_ => Task.Delay(whole * point / (points + 1)), "runtime", "get", "llama.cpp@0.4.0", "-y") ? 1 : 0;
            await cli.AssertWorksAsync();
            Assert.Empty(ProcessList.Mentioning(cli.Home));
            await cli.DoAsync("runtime", "get", "llama.cpp@0.4.0", "-y");
        }

        output.WriteLine($"{kills} of {points} installations of {whole.TotalSeconds:0.0} s were killed");
        await cli.AssertAllUsableAsync();
        Assert.False(Directory.Exists(Path.Combine(cli.Runtimes, ".downloads")));
    }

    [Fact]
    public async Task On_a_full_disk_the_old_runtime_goes_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(RealHome.BundledFolder), "needs a mount name space");
        using var cli = new RuntimeCli();
        var folder = Directory.CreateTempSubdirectory("tf-").FullName;
        try
        {
            // Small as an archive, far too large unpacked.
            const string swell = "mkdir -p $D/llama && cp $(ls -d $RUNTIME/*) $D/llama/ && head -c 300000000 /dev/zero > $D/llama/libzero.so && tar -C $D -czf $D/big.tar.gz llama && rm -r $D/llama";
            const string works = "tandem run Hi --json --max-tokens 2 && ls -A $TANDEM_HOME/runtimes";
            var script = $"D='{folder}'; RUNTIME='{RealHome.BundledFolder}'; {swell}; tandem runtime get llama.cpp@0.4.0 -y; echo \"get: $?\"; "
                + $"tandem runtime add $D/big.tar.gz; echo \"add: $?\"; {works}";
            var ended = await cli.OnSmallDiskAsync(120, script);
            Assert.SkipWhen(ended is null, "this machine allows no mount name space");
            output.WriteLine(ended.Value.Output + ended.Value.Error);
            Assert.Contains("MiB free, and about", ended.Value.Error, StringComparison.Ordinal);
            Assert.Contains("is full.", ended.Value.Error, StringComparison.Ordinal);
            Assert.Contains("get: 1", ended.Value.Output, StringComparison.Ordinal);
            Assert.Contains("add: 1", ended.Value.Output, StringComparison.Ordinal);
            Assert.Contains("\"content\"", ended.Value.Output, StringComparison.Ordinal);
            Assert.Equal(0, ended.Value.Exit);
            Assert.DoesNotContain(".staging", ended.Value.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> CountAsync(RuntimeCli cli, string archive)
    {
        using var events = new FileEvents(cli.Runtimes);
        await cli.DoAsync("runtime", "add", archive);
        return events.Count;
    }

    /// <summary>True when it was there.</summary>
    private static async Task<bool> RemoveAsync(RuntimeCli cli) => (await cli.RunAsync("runtime", "remove", "llama.cpp@0.5.0+local", "-y")).Exit == 0;
}
