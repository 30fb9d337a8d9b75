using System.Globalization;

namespace Tandem.Host.Bench;

/// <summary>What to measure.</summary>
public sealed record BenchRequest
{
    public const int MostRounds = 20;
    public const int MostTokens = 4096;
    public const int MostPrompts = 100;

    public required string Model { get; init; }

    /// <summary>Draft models by name; empty: the model's default draft and the best that fit.</summary>
    public IReadOnlyList<string> Drafts { get; init; } = [];

    public IReadOnlyList<BenchPrompt> Prompts { get; init; } = BenchPrompt.Default;

    public int Rounds { get; init; } = 3;

    public int MaxTokens { get; init; } = 200;

    /// <summary>Null: the model's default.</summary>
    public float? Temperature { get; init; }
}

/// <summary>One prompt of a benchmark.</summary>
/// <param name="Kind"><c>factual</c>: the text follows from the question; <c>creative</c>; <c>own</c>: given by the user.</param>
public sealed record BenchPrompt(string Name, string Kind, string Text)
{
    private const string Code =
        """
        def total(items):
            result = 0
            for item in items:
                result = result + item.price * item.count
            return result
        """;

    private const int LongestName = 60;

    /// <summary>One given by the user; its name is how it begins.</summary>
    public static BenchPrompt Own(string text)
    {
        var line = new StringInfo(text.Trim().Split('\n')[0].TrimEnd());
        return new BenchPrompt(line.LengthInTextElements <= LongestName ? line.String : line.SubstringByTextElements(0, LongestName - 1) + "…", "own", text);
    }

    /// <summary>The three of the table that speculative decoding is usually shown with, and four kinds of everyday work.</summary>
    public static IReadOnlyList<BenchPrompt> Default { get; } =
    [
        new("quicksort", "factual", "Write quicksort in Python. Code only."),
        new("pythagoras", "factual", "Can you explain the Pythagorean theorem?"),
        new("trip", "creative", "Plan a one day trip to Washington, DC."),
        new("json", "factual", "Return a JSON object for Ben, age 57, from Madrid."),
        new("edit", "factual", $"Rename the variable 'result' to 'sum' in this code and print all of it again:\n\n{Code}"),
        new("summary", "factual", "Summarise in two sentences: The water cycle begins when the sun warms the sea and water rises as vapour. "
            + "High in the air it cools into clouds, falls as rain or snow, and runs through rivers back into the sea."),
        new("story", "creative", "Tell me a story about a fox."),
    ];
}
