using Tandem.Plugins;
using Tandem.Plugins.LlamaCpp;

namespace Tandem.Tests.Gguf;

/// <summary>Shortcuts to the plugin.</summary>
internal static class GgufModels
{
    public static LlamaCppPlugin Plugin { get; } = new();

    public static IReadOnlyList<string> Tokens(int count) => [.. Enumerable.Range(0, count).Select(id => $"t{id}")];

    public static async Task<DescribeResult> DescribeAsync(string path, params string[] furtherFiles) => await Plugin.DescribeAsync(
        new ModelSource("gguf", path, [path, .. furtherFiles], "model", false, null), CancellationToken.None);

    public static async Task<DescribeResult.Described> DescribeAsync(GgufBuilder builder)
    {
        using var folder = new TemporaryFolder();
        return Assert.IsType<DescribeResult.Described>(await DescribeAsync(folder.Write("model.gguf", builder.Build())));
    }

    public static async Task<DescribeResult.Broken> BreakAsync(byte[] content)
    {
        using var folder = new TemporaryFolder();
        return Assert.IsType<DescribeResult.Broken>(await DescribeAsync(folder.Write("model.gguf", content)));
    }
}
