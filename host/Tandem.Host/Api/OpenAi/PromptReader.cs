using System.Text.Json;

namespace Tandem.Host.Api.OpenAi;

/// <summary>A text, or token ids.</summary>
internal readonly record struct ReadPrompt(string? Text, IReadOnlyList<int>? Tokens);

/// <summary>Reads what OpenAI calls a prompt or an input: a text, a list of texts, a list of token ids, or a list of such lists.</summary>
internal static class PromptReader
{
    private const string Expected = "a text, a list of texts, a list of token ids, or a list of such lists";

    public static IReadOnlyList<ReadPrompt> Read(JsonFields fields, string name, int most, FieldProblems problems)
    {
        if (fields.Find(name) is not { } value)
        {
            problems.Add(name, Expected);
            return [];
        }

        if (value.ValueKind == JsonValueKind.String)
            return [new ReadPrompt(JsonFields.TextOf(value, name, problems), null)];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            problems.Add(name, Expected);
            return [];
        }

        if (value[0].ValueKind == JsonValueKind.Number)
            return [new ReadPrompt(null, ReadTokens(value, name, problems))];
        if (value.GetArrayLength() > most)
        {
            problems.Add(name, $"a list of at most {most}");
            return [];
        }

        return [.. value.EnumerateArray().Select((item, i) => ReadItem(item, $"{name}[{i}]", problems))];
    }

    private static ReadPrompt ReadItem(JsonElement item, string path, FieldProblems problems)
    {
        switch (item.ValueKind)
        {
            case JsonValueKind.String:
                return new ReadPrompt(JsonFields.TextOf(item, path, problems), null);
            case JsonValueKind.Array when item.GetArrayLength() > 0:
                return new ReadPrompt(null, ReadTokens(item, path, problems));
            default:
                problems.Add(path, "a text or a list of token ids");
                return default;
        }
    }

    private static List<int> ReadTokens(JsonElement list, string path, FieldProblems problems)
    {
        var tokens = new List<int>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray())
        {
            if (JsonFields.WholeOf(item) is not { } token || token is < 0 or > int.MaxValue)
            {
                problems.Add($"{path}[{tokens.Count}]", "a token id: a whole number, 0 or more");
                return [];
            }

            tokens.Add((int)token);
        }

        return tokens;
    }
}
