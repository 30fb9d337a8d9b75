using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tandem.Host.Chat;

namespace Tandem.Host.Api.OpenAi;

/// <param name="FirstImage">Field of the first image part; null when there is none.</param>
internal sealed record ReadMessages(IReadOnlyList<ChatMessage> Messages, string? FirstImage);

/// <summary>Reads the <c>messages</c> of a chat request.</summary>
internal static class ChatMessageReader
{
    private const string Roles = "'system', 'developer', 'user', 'assistant' or 'tool'";

    // What a template may look at besides role and content.
    private static readonly string[] FurtherFields = ["name", "tool_calls", "tool_call_id", "reasoning_content"];

    public static ReadMessages Read(JsonFields fields, FieldProblems problems)
    {
        if (fields.Find("messages") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
        {
            problems.Add("messages", "a list of at least one message");
            return new ReadMessages([], null);
        }

        var messages = new List<ChatMessage>(list.GetArrayLength());
        var images = new List<string>();
        foreach (var element in list.EnumerateArray())
        {
            if (problems.Any)
                break;
            messages.Add(ReadMessage(element, $"messages[{messages.Count}]", images, problems));
        }

        return new ReadMessages(messages, images.FirstOrDefault());
    }

    private static ChatMessage ReadMessage(JsonElement element, string path, List<string> images, FieldProblems problems)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(path, "an object with role and content");
            return new ChatMessage("", null);
        }

        var fields = new JsonFields(element, path, problems);
        var role = fields.Find("role") is null ? null : fields.Text("role");
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool"))
            problems.Add(fields.PathOf("role"), Roles);
        var further = ReadFurther(fields, problems);
        var content = ReadContent(fields, images, problems);
        if (content is null && further?.ContainsKey("tool_calls") != true)
            problems.Add(fields.PathOf("content"), "a text or a list of text parts");
        // Newer clients say developer for what templates call system.
        return new ChatMessage(role is "developer" ? "system" : role ?? "", content, further);
    }

    private static string? ReadContent(JsonFields fields, List<string> images, FieldProblems problems)
    {
        if (fields.Find("content") is not { } content)
            return null;
        var path = fields.PathOf("content");
        if (content.ValueKind == JsonValueKind.String)
            return JsonFields.TextOf(content, path, problems);
        if (content.ValueKind != JsonValueKind.Array)
        {
            problems.Add(path, "a text or a list of text parts");
            return null;
        }

        var texts = new List<string>();
        var place = 0;
        foreach (var part in content.EnumerateArray())
        {
            if (ReadPart(part, $"{path}[{place++}]", images, problems) is { } text)
                texts.Add(text);
        }

        return string.Join('\n', texts);
    }

    /// <summary>The text of a part; null for an image.</summary>
    private static string? ReadPart(JsonElement part, string path, List<string> images, FieldProblems problems)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            problems.Add(path, "an object with type and text");
            return "";
        }

        var fields = new JsonFields(part, path, problems);
        switch (fields.Text("type"))
        {
            case "text":
                if (!fields.Has("text"))
                    problems.Add(fields.PathOf("text"), "a text");
                return fields.Text("text") ?? "";
            case "image_url":
                ReadImage(fields, problems);
                images.Add(path);
                return null;
            case { } type:
                problems.Add(FailureCodes.NotSupported, path, $"Content parts of type '{type}' are not supported.", "Send text parts only.");
                return "";
            case null:
                problems.Add(fields.PathOf("type"), "'text'");
                return "";
        }
    }

    private static void ReadImage(JsonFields part, FieldProblems problems)
    {
        const string expected = "the URL of an image: http, https, or data with base64";
        var url = part.Object("image_url") is { } image ? image.Text("url") : null;
        var known = Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https" || IsData(url);
        if (!known)
            problems.Add(part.PathOf("image_url.url"), expected);
    }

    private static bool IsData(string? url)
    {
        const string mark = ";base64,";
        var at = url?.IndexOf(mark, StringComparison.Ordinal) ?? -1;
        return at > 0 && url!.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase)
            && Base64.IsValid(url.AsSpan(at + mark.Length));
    }

    private static Dictionary<string, JsonNode?>? ReadFurther(JsonFields fields, FieldProblems problems)
    {
        Dictionary<string, JsonNode?>? further = null;
        foreach (var name in FurtherFields)
        {
            if (fields.Find(name) is not { } value)
                continue;
            if (name == "tool_calls" ? value.ValueKind != JsonValueKind.Array : value.ValueKind != JsonValueKind.String)
                problems.Add(fields.PathOf(name), name == "tool_calls" ? "a list" : "a text");
            else
                (further ??= [])[name] = name == "tool_calls" ? ReadCalls(value, fields.PathOf(name), problems) : JsonFields.TextOf(value, fields.PathOf(name), problems);
        }

        return further;
    }

    /// <summary>Clients send the arguments of a call as a text of JSON; templates want what it says.</summary>
    private static JsonArray ReadCalls(JsonElement list, string path, FieldProblems problems)
    {
        var calls = new JsonArray();
        foreach (var element in list.EnumerateArray())
        {
            var place = $"{path}[{calls.Count}]";
            if (JsonTree.Of(element, place, problems) is not JsonObject call)
            {
                problems.Add(place, "an object");
                return calls;
            }

            if (call["function"] is JsonObject function && function["arguments"] is JsonValue value && value.TryGetValue<string>(out var text)
                && ArgumentsOf(text) is { } arguments)
                function["arguments"] = arguments;
            calls.Add(call);
        }

        return calls;
    }

    /// <summary>Null when the text is no JSON object: the template gets it as it is.</summary>
    private static JsonObject? ArgumentsOf(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = RequestBody.MaxDepth });
            var problems = new FieldProblems();
            return JsonTree.Of(document.RootElement, "", problems) is JsonObject tree && !problems.Any ? tree : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
