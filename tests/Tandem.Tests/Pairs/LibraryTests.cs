using System.Diagnostics;
using Tandem.Host.Models;
using Tandem.Plugins.LlamaCpp;
using Tandem.Plugins.Mlx;
using Tandem.Tests.Models;

namespace Tandem.Tests.Pairs;

/// <summary>A collector's folder in small; the benchmark <c>pairs</c> has it in full.</summary>
public sealed class LibraryTests(ITestOutputHelper output)
{
    private const int Models = 80;
    private const int Vocabularies = 4;

    [Fact]
    public async Task Many_models_of_few_tokenizers_are_indexed_fast_and_the_second_time_at_once()
    {
        using var folder = new TemporaryFolder();
        new ModelLibrary(Vocabularies, 20_000).Write(folder.Path, 0, Models);
        await using var running = await RunningCatalogue.BeginAsync([new LlamaCppPlugin(), new MlxPlugin()], new ModelFolder(folder.Path));
        var start = Stopwatch.GetTimestamp();
        await running.Index.Ready.WaitAsync(RunningCatalogue.Bound, TestContext.Current.CancellationToken);
        var cold = Stopwatch.GetElapsedTime(start);
        Assert.Equal(Models, running.Index.Snapshot.Models.Length);
        Assert.All(running.Catalogue.Snapshot.Models, model => Assert.Null(model.Problem));
        Assert.Equal(2 * Vocabularies, running.Index.Snapshot.Classes.Length);

        start = Stopwatch.GetTimestamp();
        await running.Catalogue.RescanAsync(forget: false, TestContext.Current.CancellationToken);
        var warm = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"{Models} models, {Vocabularies} vocabularies of 20,000: cold {cold.TotalMilliseconds:F0} ms, again {warm.TotalMilliseconds:F1} ms");
        // The goals are 400 ms and 5 ms; bounds are ten times the goal.
        Assert.InRange(cold.TotalMilliseconds, 0, 4000);
        Assert.InRange(warm.TotalMilliseconds, 0, 50);
    }
}
