using Tandem.Tests.Support;

namespace Tandem.Tests.Cli;

/// <summary><c>tandem load</c> and <c>unload</c> against a running host, with the embedded models.</summary>
public sealed class LoadCommandTests
{
    [Fact]
    public async Task A_model_is_loaded_seen_and_unloaded()
    {
        using var home = new TemporaryFolder();
        await using var serve = await CommandUnderTest.StartAsync(home.Path, ["serve", "--port", "0"]);
        await serve.UrlAsync();

        Assert.Equal("Loaded tandem/storyteller with its draft tandem/storyteller-draft on llama.cpp@0.5.0+3.22.1-cpu.", await RunAsync(home, "load", "storyteller", "-c", "1024"));
        Assert.Equal("Loaded tandem/storyteller:2 on llama.cpp@0.5.0+3.22.1-cpu.", await RunAsync(home, "load", "storyteller", "--draft", "off", "--ttl", "600"));
        var loaded = HostUnderTest.Parse(await RunAsync(home, "ps", "--json"));
        Assert.Equal(["tandem/storyteller", "tandem/storyteller:2"], loaded.EnumerateArray().Select(one => one.GetProperty("id").GetString()).Order());
        Assert.Equal("Unloaded tandem/storyteller.", await RunAsync(home, "unload", "tandem/storyteller"));
        Assert.Equal("Unloaded tandem/storyteller:2.", await RunAsync(home, "unload", "--all"));
        Assert.Equal("No models are loaded.", await RunAsync(home, "ps"));
    }

    [Theory]
    [InlineData(3, "load", "storyteller")]
    [InlineData(3, "unload", "--all")]
    public async Task Without_a_host_there_is_nothing_to_load_into(int expected, params string[] arguments)
    {
        using var home = new TemporaryFolder();
        await using var command = await CommandUnderTest.StartAsync(home.Path, arguments);
        var (exit, _, error) = await command.EndAsync();
        Assert.Equal(expected, exit);
        Assert.Contains("tandem serve", error, StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(TemporaryFolder home, params string[] arguments)
    {
        await using var command = await CommandUnderTest.StartAsync(home.Path, arguments);
        var (exit, output, error) = await command.EndAsync();
        Assert.True(exit == 0, error);
        return output.TrimEnd();
    }
}
