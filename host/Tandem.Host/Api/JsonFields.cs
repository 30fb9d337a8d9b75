using System.Text.Json;

namespace Tandem.Host.Api;

/// <summary>
/// The fields of one JSON object, each read as what it should be. A field that is absent or null reads as null; a wrong one also, and is
/// noted with its path. Unknown fields are not looked at.
/// </summary>
internal readonly struct JsonFields(JsonElement element, string path, FieldProblems problems)
{
    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>True for a field that is there and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    public JsonElement? Find(string name)
    {
        try
        {
            return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
        catch (InvalidOperationException)
        {
            // A name in the object is no text (half a surrogate pair).
            problems.Add(path, "an object with readable names");
            return null;
        }
    }

    public string? Text(string name) => Find(name) is { } value ? TextOf(value, PathOf(name), problems) : null;

    public bool? Flag(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        problems.Add(PathOf(name), "true or false");
        return null;
    }

    public float? Number(string name, double least, double most)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most)
            return (float)number;
        problems.Add(PathOf(name), FormattableString.Invariant($"a number from {least} to {most}"));
        return null;
    }

    public int? Whole(string name, int least, int most)
    {
        if (Find(name) is not { } value)
            return null;
        if (WholeOf(value) is { } number && number >= least && number <= most)
            return (int)number;
        problems.Add(PathOf(name), most == int.MaxValue ? $"a whole number, {least} or more" : $"a whole number from {least} to {most}");
        return null;
    }

    /// <summary>A whole number of up to 64 bits; 1.0 counts as one.</summary>
    public static decimal? WholeOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number == decimal.Truncate(number)
        && number >= long.MinValue && number <= ulong.MaxValue
            ? number
            : null;

    public JsonFields? Object(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new JsonFields(value, PathOf(name), problems);
        problems.Add(PathOf(name), "an object");
        return null;
    }

    public static string? TextOf(JsonElement value, string path, FieldProblems problems)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            try
            {
                return value.GetString();
            }
            catch (InvalidOperationException)
            {
                problems.Add(path, "valid Unicode; it has half a surrogate pair");
                return null;
            }
        }

        problems.Add(path, "a text");
        return null;
    }
}
