using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Host.Storage;
using Tandem.Host.Workers;
using Tandem.Tests.Support;

namespace Tandem.Bench;

/// <summary>
/// What checking ten installed runtimes takes, first and when nothing has changed; and what they add to the start of the supervisor, which
/// must not wait for it.
/// </summary>
internal static class SurveyBench
{
    private const int Runtimes = 10;
    private const int Rounds = 5;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var bundled = Directory.GetDirectories(Path.Combine(AppFolder.Path, "runtimes"), "llama.cpp@*")[0];
        var home = Directory.CreateTempSubdirectory("tb-").FullName;
        try
        {
            var alone = new Series();
            for (var round = 0; round < Rounds; round++)
                alone.Add(await StartAsync(Path.Combine(home, $"alone-{round}")));
            var (cold, warm, started) = (new Series(), new Series(), new Series());
            for (var round = 0; round < Rounds; round++)
            {
                var folder = Path.Combine(home, $"ten-{round}");
                for (var number = 1; number < Runtimes; number++)
                    Copy(bundled, Path.Combine(folder, "runtimes"), number);
                cold.Add(await SurveyAsync(folder));
                warm.Add(await SurveyAsync(folder));
                started.Add(await StartAsync(folder));
            }

            Print($"survey of {Runtimes} runtimes, cold          {cold.Median,8:F0} ms ({cold.Spread.Low:F0} to {cold.Spread.High:F0})");
            Print($"survey of {Runtimes} runtimes, warm          {warm.Median,8:F1} ms ({warm.Spread.Low:F1} to {warm.Spread.High:F1})");
            Print($"supervisor listens after, 1 runtime    {alone.Median,8:F0} ms ({alone.Spread.Low:F0} to {alone.Spread.High:F0})");
            Print($"supervisor listens after, {Runtimes} runtimes  {started.Median,8:F0} ms ({started.Spread.Low:F0} to {started.Spread.High:F0})");
            return 0;
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>From the first look at the folders to the last result.</summary>
    private static async Task<double> SurveyAsync(string home)
    {
        var options = new HostOptions { HomeFolder = home, ApplicationFolder = AppFolder.Path };
        await using var services = new ServiceCollection().AddSingleton(options).AddSingleton(TimeProvider.System).AddLogging()
            .AddSingleton<Database>().AddPlugins().AddRuntimes().AddWorkers().AddServing().BuildServiceProvider();
        await services.GetRequiredService<Database>().Opened;
        _ = services.GetRequiredService<PluginCatalogue>();
        var began = Stopwatch.GetTimestamp();
        await services.GetRequiredService<RuntimeChecks>().SurveyAllAsync(fresh: false, CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var reports = services.GetRequiredService<RuntimeCatalogue>().Snapshot.Runtimes;
        return reports.Count(report => report is { Usable: true, IsChecking: false }) == Runtimes
            ? took
            : throw new InvalidOperationException($"not all work: {string.Join("; ", reports.Select(report => report.Reason))}");
    }

    private static async Task<double> StartAsync(string home)
    {
        var began = Stopwatch.GetTimestamp();
        var start = await SupervisorHost.StartAsync(
            new HostOptions { HomeFolder = home, ApplicationFolder = AppFolder.Path }, new ListenOptions(), CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await ((SupervisorStart.Started)start).Host.DisposeAsync();
        return took;
    }

    /// <summary>An installed copy with checksums of its own, so that nothing is found by another's.</summary>
    private static void Copy(string bundled, string runtimes, int number)
    {
        var id = Path.GetFileName(bundled).Replace("3.22.1", $"3.22.1.{number}", StringComparison.Ordinal);
        var folder = Directory.CreateDirectory(Path.Combine(runtimes, id)).FullName;
        foreach (var file in Directory.GetFiles(bundled))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var manifest = Path.Combine(folder, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(Path.GetFileName(bundled), id, StringComparison.Ordinal));
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
