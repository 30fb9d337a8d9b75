using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Tandem.Tests.Pairs;

namespace Tandem.Bench;

/// <summary>
/// Time to know all models of a large folder and which of them fit together, by the built host's own log: the first time, and when nothing
/// has changed since the last start; and how long <c>/health</c> takes meanwhile.
/// </summary>
internal static partial class PairsBench
{
    private const int Vocabularies = 20;
    private const int Tokens = 49_152;
    private const int WarmStarts = 3;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("tandem-library-").FullName;
        try
        {
            var library = new ModelLibrary(Vocabularies, Tokens);
            var written = 0;
            foreach (var models in (int[])[250, 500, 1000])
            {
                library.Write(folder, written, models - written);
                written = models;
                await MeasureAsync(library, folder, models);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(ModelLibrary library, string folder, int models)
    {
        var home = Directory.CreateTempSubdirectory("tandem-bench-").FullName;
        var cold = await IndexAsync(folder, home, models);
        var (found, judged, ready) = (new Series(), new Series(), new Series());
        for (var start = 0; start < WarmStarts; start++)
        {
            var warm = await IndexAsync(folder, home, models);
            found.Add(warm.Found);
            judged.Add(warm.Judged);
            ready.Add(warm.Ready);
        }

        Print($"{models,5} models, cold: headers {cold.Found:F0} ms, pairs {cold.Judged:F0} ms; index ready {cold.Ready:F0} ms after the host listens; /health at most {cold.Health:F1} ms");
        Print($"{"",5}         warm: headers {found.Median:F0} ms, pairs {judged.Median:F0} ms; index ready {ready.Median:F0} ms after the host listens");
        Print($"{"",5}         one model more: headers {await AddOneAsync(library, folder, home, models):F0} ms");
        Directory.Delete(home, recursive: true);
    }

    /// <summary>A running host sees a model that is new: milliseconds for knowing them all again.</summary>
    private static async Task<double> AddOneAsync(ModelLibrary library, string folder, string home, int models)
    {
        await using var host = await ServedHost.StartAsync(folder, home);
        await host.LoggedAsync(Judged());
        library.Write(folder, models, 1);
        return Number(await host.LoggedAsync(Found()), 2) * 1000;
    }

    private static async Task<(double Found, double Judged, double Ready, double Health)> IndexAsync(string folder, string home, int models)
    {
        await using var host = await ServedHost.StartAsync(folder, home);
        var began = Stopwatch.GetTimestamp();
        double health = 0;
        while (!(await host.GetAsync("/api/tandem/pairs?main=tandem/storyteller")).Contains("\"state\":\"ready\"", StringComparison.Ordinal))
        {
            var asked = Stopwatch.GetTimestamp();
            await host.GetAsync("/health");
            health = Math.Max(health, Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
        }

        var ready = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        // The embedded models are among them.
        var found = await host.LoggedAsync(Found());
        var judged = await host.LoggedAsync(Judged());
        if (Number(found, 1) < models || Number(found, 3) > 0)
            throw new InvalidOperationException($"the host logged: {found.Value}");
        return (Number(found, 2) * 1000, Number(judged, 2) * 1000, ready, health);
    }

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"(\d+) models found in ([\d.]+) s, (\d+) of them unusable")]
    private static partial Regex Found();

    [GeneratedRegex(@"Pairs of (\d+) models with \d+ tokenizers judged in ([\d.]+) s")]
    private static partial Regex Judged();
}
