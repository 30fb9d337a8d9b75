using System.Text.Json;
using System.Text.Json.Serialization;

namespace FakeEngine.Scripts;

/// <summary>A token of an answer. In JSON a plain string is a token of the main model.</summary>
[JsonConverter(typeof(FakeTokenConverter))]
public sealed class FakeToken
{
    public string Text { get; set; } = "";

    /// <summary>Bytes in hex instead of <see cref="Text"/>, for pieces that are not whole characters.</summary>
    public string Hex { get; set; } = "";

    /// <summary>main, draft, ngram.</summary>
    public string From { get; set; } = "main";

    /// <summary>The text is a control token's.</summary>
    public bool Control { get; set; }

    public float Logprob { get; set; } = -0.25f;

    public static implicit operator FakeToken(string text) => FromMain(text);

    public static FakeToken FromMain(string text) => new() { Text = text };

    public static FakeToken FromDraft(string text) => new() { Text = text, From = "draft" };
}

internal sealed class FakeTokenConverter : JsonConverter<FakeToken>
{
    public override FakeToken Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return FakeToken.FromMain(reader.GetString() ?? "");
        var token = new FakeToken();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "text": token.Text = reader.GetString() ?? ""; break;
                case "hex": token.Hex = reader.GetString() ?? ""; break;
                case "from": token.From = reader.GetString() ?? ""; break;
                case "control": token.Control = reader.GetBoolean(); break;
                case "logprob": token.Logprob = reader.GetSingle(); break;
                default: throw new JsonException($"a token has no field '{name}'");
            }
        }

        return token;
    }

    public override void Write(Utf8JsonWriter writer, FakeToken value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString(value.Hex.Length > 0 ? "hex" : "text", value.Hex.Length > 0 ? value.Hex : value.Text);
        writer.WriteString("from", value.From);
        writer.WriteBoolean("control", value.Control);
        writer.WriteNumber("logprob", value.Logprob);
        writer.WriteEndObject();
    }
}
