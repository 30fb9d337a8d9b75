namespace Tandem.Plugins.Mlx;

/// <summary>Recognises a folder of config.json, tokenizer.json and model*.safetensors as one model.</summary>
internal static class MlxFolder
{
    public const string Format = "mlx";
    public const string ConfigFile = "config.json";
    public const string TokenizerFile = "tokenizer.json";
    public const string TokenizerConfigFile = "tokenizer_config.json";
    public const string TemplateFile = "chat_template.jinja";
    public const string WeightsExtension = ".safetensors";

    private static readonly string[] Described = [ConfigFile, TokenizerFile, TokenizerConfigFile, TemplateFile, "generation_config.json"];

    public static IReadOnlyList<ModelSource> FindModels(FolderListing folder)
    {
        var names = folder.Files.Select(file => file.Name).Order(StringComparer.Ordinal).ToList();
        // mlx-lm loads model*.safetensors and nothing else; adapters and other weights beside a GGUF file are no models.
        var weights = names.FindAll(name => name.StartsWith("model", StringComparison.Ordinal) && name.EndsWith(WeightsExtension, StringComparison.Ordinal));
        if (weights.Count == 0 || !names.Contains(ConfigFile) || names.Exists(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)))
            return [];
        var files = Described.Where(names.Contains).Concat(weights).Select(name => Path.Combine(folder.Path, name)).ToList();
        return [new ModelSource(Format, folder.Path, files, Path.GetFileName(folder.Path), true, null)];
    }
}
