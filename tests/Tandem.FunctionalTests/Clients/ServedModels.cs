using System.Text;
using Tandem.FunctionalTests.Mlx;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Clients;

/// <summary>
/// <c>tandem serve --models ../shared/models</c> as it was built, with the embedded models and, where MLX can be had, its runtime: as somebody's
/// programs would find it.
/// </summary>
public sealed class ServedModels : IAsyncLifetime
{
    public const string Storyteller = "tandem/storyteller";
    public const string StorytellerMlx = "tandem/storyteller-mlx";
    public const string Smol = "SmolLM2-135M-Instruct";
    public const string Embedder = "all-MiniLM-L6-v2";

    /// <summary>
    /// What every client asks: all models answer it with their best token far ahead (0.9 nats and more). With a near tie a quantised model may
    /// say something else when it has the question in its cache already, because a batch of another width rounds otherwise.
    /// </summary>
    public const string Question = "Count from 1 to 20.";

    private string _home = "";
    private string _missingMlx = "";
    private CommandUnderTest? _serve;

    /// <summary>Models of both engines that chat, one of them of others.</summary>
    public static TheoryData<string> Chatting => [Storyteller, Smol, StorytellerMlx];

    /// <summary>Without a slash at its end.</summary>
    public string Url { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        (var mlx, _missingMlx) = await MlxRuntime.FindAsync();
        _home = mlx?.NewHome() ?? Directory.CreateTempSubdirectory("tc-").FullName;
        List<string> arguments = ["serve", "--port", "0"];
        if (SharedFolder.Path is { } shared)
            arguments.AddRange(["--models", Path.GetRelativePath(_home, Path.Combine(shared, "models"))]);
        _serve = await CommandUnderTest.StartAsync(_home, arguments);
        Url = (await _serve.UrlAsync()).TrimEnd('/');
        // The tests take turns with the models: none is to be loaded again for each of them.
        using var client = new HttpClient();
        using var keepAll = new StringContent("""{"serving.jit_models_kept": 0}""", Encoding.UTF8, "application/json");
        using var kept = await client.PutAsync(new Uri(Url + "/api/tandem/settings"), keepAll);
        Assert.True(kept.IsSuccessStatusCode, await kept.Content.ReadAsStringAsync());
    }

    /// <summary>
    /// Six seeds, each asked twice at temperature 1. Of SmolLM2, which finds many words about equally good, a draw may lie so near an edge that
    /// another place in the cache, which rounds otherwise, decides it; seeds that are not used give it another text nearly every time.
    /// </summary>
    public static void AssertSeedsRepeat(string model, IEnumerable<(string First, string Second)> texts)
    {
        var all = texts.ToList();
        Assert.Equal(6, all.Count);
        Assert.InRange(all.Count(pair => pair.First == pair.Second), model == Smol ? 4 : 6, 6);
    }

    /// <summary>Skips the running test where this model cannot be served.</summary>
    public void Require(string model)
    {
        if (model == StorytellerMlx)
            Assert.SkipWhen(_missingMlx.Length > 0, _missingMlx);
        else if (model != Storyteller)
            Assert.SkipWhen(SharedFolder.Path is null, SharedFolder.Missing);
    }

    public async ValueTask DisposeAsync()
    {
        if (_serve is not null)
            await _serve.DisposeAsync();
        if (_home.Length > 0)
            Directory.Delete(_home, recursive: true);
    }
}
