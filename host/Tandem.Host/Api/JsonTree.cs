using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tandem.Host.Api;

/// <summary>A free part of a request as a tree that can be read without surprises: of equal names the last counts, texts are valid.</summary>
internal static class JsonTree
{
    /// <summary>Null for JSON's null, and where something is wrong: <paramref name="problems"/> has it then.</summary>
    public static JsonNode? Of(JsonElement element, string path, FieldProblems problems)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return ObjectOf(element, path, problems);
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                    list.Add(Of(item, $"{path}[{list.Count}]", problems));
                return list;
            case JsonValueKind.String:
                return JsonFields.TextOf(element, path, problems) is { } text ? JsonValue.Create(text) : null;
            case JsonValueKind.Number:
            case JsonValueKind.True:
            case JsonValueKind.False:
                return JsonValue.Create(element.Clone());
            default:
                return null;
        }
    }

    private static JsonObject ObjectOf(JsonElement element, string path, FieldProblems problems)
    {
        var tree = new JsonObject();
        foreach (var property in element.EnumerateObject())
        {
            try
            {
                tree[property.Name] = Of(property.Value, $"{path}.{property.Name}", problems);
            }
            catch (InvalidOperationException)
            {
                problems.Add(path, "an object with readable names");
            }
        }

        return tree;
    }
}
