namespace Tandem.Tests.Support;

/// <summary>Fifty questions in the language of the Storyteller models: code, stories, explanations, plans, counting, copying, lists, JSON.</summary>
internal static class Prompts
{
    public static IReadOnlyList<string> All { get; } = Read();

    private static List<string> Read()
    {
        using var stream = typeof(Prompts).Assembly.GetManifestResourceStream("prompts.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
