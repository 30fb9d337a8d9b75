using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Protocol;

namespace FakeEngine.Scripts;

/// <summary>Reads and writes scripts.</summary>
public static class ScriptFile
{
    /// <summary>End of a model file's name.</summary>
    public const string Extension = ".fake.json";

    /// <summary>In the runtime's folder: the script of the process, for handshake and faults before a model is known.</summary>
    public const string ProcessScript = "process.fake.json";

    /// <exception cref="JsonException">Not a script, with the reason.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static FakeScript Read(string path)
    {
        var script = JsonSerializer.Deserialize(File.ReadAllBytes(path), ScriptJson.Default.FakeScript)
            ?? throw new JsonException("the file holds null");
        foreach (var answer in script.Answers)
        {
            ParseFinish(answer.Finish);
            if (answer.Speculation is { } c && c.Drafted != c.Accepted + c.Rejected + c.Ignored)
                throw new JsonException("speculation: drafted must be accepted + rejected + ignored");
            foreach (var token in answer.Steps.SelectMany(step => step))
                ParseOrigin(token.From);
        }

        return script;
    }

    public static void Write(string path, FakeScript script)
        => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(script, ScriptJson.Default.FakeScript));

    internal static FinishReason ParseFinish(string name) => name switch
    {
        "eos" => FinishReason.Eos,
        "max_tokens" => FinishReason.MaxTokens,
        "context_full" => FinishReason.ContextFull,
        "constraint_complete" => FinishReason.ConstraintComplete,
        _ => throw new JsonException($"finish: '{name}' is none of eos, max_tokens, context_full, constraint_complete"),
    };

    internal static Origin ParseOrigin(string name) => name switch
    {
        "main" => Origin.Main,
        "draft" => Origin.Draft,
        "ngram" => Origin.Ngram,
        _ => throw new JsonException($"from: '{name}' is none of main, draft, ngram"),
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(FakeScript))]
internal sealed partial class ScriptJson : JsonSerializerContext;
