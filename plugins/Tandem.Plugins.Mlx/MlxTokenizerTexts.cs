using System.Text.Json;

namespace Tandem.Plugins.Mlx;

/// <summary>What tokenizer_config.json and chat_template.jinja say: texts of special tokens and templates.</summary>
internal sealed record MlxTokenizerTexts(
    string Bos, string Eos, bool AddBos, bool AddEos, string? Template, IReadOnlyDictionary<string, string> NamedTemplates)
{
    private const int TemplateBytes = 4 << 20;

    public static MlxTokenizerTexts Read(string folder)
    {
        var named = new Dictionary<string, string>();
        var ownFile = Path.Combine(folder, MlxFolder.TemplateFile);
        var template = File.Exists(ownFile) ? ReadTemplate(ownFile) : null;
        var path = Path.Combine(folder, MlxFolder.TokenizerConfigFile);
        if (!File.Exists(path))
            return new MlxTokenizerTexts("", "", false, false, template, named);
        using var document = JsonHead.ReadConfig(path);
        var root = document.RootElement;
        if (root.TryGetProperty("chat_template", out var value))
        {
            if (value.ValueKind == JsonValueKind.String)
                template ??= value.GetString();
            else if (value.ValueKind == JsonValueKind.Array)
                ReadNamed(value, named);
        }
        template ??= named.GetValueOrDefault("default");
        return new MlxTokenizerTexts(Text(root, "bos_token"), Text(root, "eos_token"), Flag(root, "add_bos_token"), Flag(root, "add_eos_token"), template, named);
    }

    private static string ReadTemplate(string path) => new FileInfo(path).Length <= TemplateBytes
        ? File.ReadAllText(path)
        : throw new MlxException($"is larger than {TemplateBytes} bytes", MlxFolder.TemplateFile);

    private static void ReadNamed(JsonElement list, Dictionary<string, string> named)
    {
        foreach (var item in list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object))
            named[Text(item, "name")] = Text(item, "template");
    }

    /// <summary>A text, or the <c>content</c> of an object; empty when there is none.</summary>
    private static string Text(JsonElement parent, string key)
    {
        if (!parent.TryGetProperty(key, out var value))
            return "";
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content))
            value = content;
        return value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";
    }

    private static bool Flag(JsonElement parent, string key) => parent.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;
}
