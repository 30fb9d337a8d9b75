using System.Text.Json;
using Tandem.Plugins;

namespace FakePlugin;

/// <summary>Describes a script as a model. Names and defaults are those of FakeEngine's FakeScript.</summary>
internal static class ScriptDescription
{
    private const long LongestFile = 16 << 20;
    private const int ControlTokens = 0x110010;
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static async Task<DescribeResult> ReadAsync(ModelSource source, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(source.Path);
            if (file.Length > LongestFile)
                return new DescribeResult.Broken($"the script is longer than {LongestFile} bytes", null);
            using var document = await JsonDocument.ParseAsync(file, Options, cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Describe(document.RootElement, file.Length)
                : new DescribeResult.Broken("a script is a JSON object", null);
        }
        catch (JsonException e)
        {
            return new DescribeResult.Broken(e.Message, null);
        }
        catch (FieldException e)
        {
            return new DescribeResult.Broken(e.Message, e.Field);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new DescribeResult.Broken(e.Message, null);
        }
    }

    private static DescribeResult.Described Describe(JsonElement script, long size)
    {
        var tokenizer = script.TryGetProperty("tokenizer", out var facts) ? facts : default;
        var fingerprint = Text(tokenizer, "fingerprint", "fake");
        var embedding = (int)Number(script, "embedding_length", 16);
        var elements = embedding * Number(script, "layer_count", 2);
        var texts = Texts(tokenizer);
        var model = new ModelDescription
        {
            EngineId = FakeEnginePlugin.EngineId,
            Format = FakeEnginePlugin.EngineId,
            Kind = Flag(script, "can_generate", true) ? ModelKind.Language : ModelKind.Embedding,
            Architecture = Text(script, "architecture", "fake"),
            Name = Text(script, "name", "Fake"),
            Quantization = "F32",
            ParameterCount = Number(script, "parameter_count", 1_000_000),
            FileSize = size,
            ContextLength = (int)Number(script, "context_length", 4096),
            LayerCount = (int)Number(script, "layer_count", 2),
            EmbeddingLength = embedding,
            KeyElementsPerToken = elements,
            ValueElementsPerToken = elements,
            ChatTemplate = Text(script, "chat_template", DefaultTemplate),
            Tokenizer = new TokenizerDescription
            {
                Kind = Text(tokenizer, "kind", "characters"),
                PreTokenizer = Text(tokenizer, "pre_tokenizer", "none"),
                Fingerprint = fingerprint,
                Size = texts.Count > 0 ? texts.Count : ControlTokens,
                PaddedSize = texts.Count > 0 ? texts.Count : ControlTokens,
                Bos = ControlTokens - 16,
                Eos = ControlTokens - 15,
                EndOfTurn = -1,
                AddBos = Flag(tokenizer, "add_bos", false),
                AddEos = Flag(tokenizer, "add_eos", false),
                BosText = Text(tokenizer, "bos_text", "<|begin|>"),
                EosText = Text(tokenizer, "eos_text", "<|end|>"),
            },
        };
        return new DescribeResult.Described(model, texts.Count > 0 ? VocabularyOf(fingerprint, texts) : null);
    }

    private const string DefaultTemplate =
        "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private static string Text(JsonElement parent, string name, string otherwise) => Find(parent, name) is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.String ? value.GetString() ?? ""
        : throw new FieldException(name, "a text");

    private static long Number(JsonElement parent, string name, long otherwise) => Find(parent, name) is not { } value ? otherwise
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number is >= 0 and <= int.MaxValue * 1000L ? number
        : throw new FieldException(name, "a whole number, not negative");

    private static bool Flag(JsonElement parent, string name, bool otherwise) => Find(parent, name) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw new FieldException(name, "true or false");

    private static List<string> Texts(JsonElement tokenizer)
    {
        if (Find(tokenizer, "texts") is not { } list)
            return [];
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(text => text.ValueKind != JsonValueKind.String))
            throw new FieldException("tokenizer.texts", "a list of texts");
        return [.. list.EnumerateArray().Select(text => text.GetString() ?? "")];
    }

    private static JsonElement? Find(JsonElement parent, string name)
        => parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : null;

    private sealed class FieldException(string field, string expected) : Exception($"{field} must be {expected}")
    {
        public string Field { get; } = field;
    }

    private static Vocabulary VocabularyOf(string fingerprint, IEnumerable<string> texts)
    {
        var bytes = new List<byte>();
        var ends = new List<int>();
        foreach (var text in texts)
        {
            bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(text));
            ends.Add(bytes.Count);
        }

        return new Vocabulary(fingerprint, [.. bytes], [.. ends]);
    }
}
