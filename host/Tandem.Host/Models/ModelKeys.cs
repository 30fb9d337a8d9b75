using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>Keys and short forms (section 2 of the outside contract).</summary>
internal static class ModelKeys
{
    private static readonly string[] FormatSuffixes = ["-gguf", "-mlx"];

    /// <summary><c>publisher/model</c> from the last two folders below the model folder, lower case; a missing publisher is <c>local</c>.</summary>
    public static string BaseKey(string root, ModelSource source)
    {
        var folder = source.IsFolder ? source.Path : Path.GetDirectoryName(source.Path) ?? root;
        var relative = Path.GetRelativePath(root, folder);
        string[] segments = relative == "." ? [] : relative.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        segments = HuggingFaceCache.NameIn(segments) ?? segments;
        var key = segments.Length switch
        {
            0 => $"local/{source.Stem}",
            1 => $"local/{segments[0]}",
            _ => $"{segments[^2]}/{segments[^1]}",
        };
        return key.ToLowerInvariant();
    }

    /// <summary>
    /// Keys for the models of one folder that share a base key: the base key itself for a single one; else with <c>@quant</c>, and with
    /// the file's stem before it where that is still not enough to tell them apart.
    /// </summary>
    /// <param name="models">Each with the quantisation that its header tells, if it is known.</param>
    public static IReadOnlyList<string> Distinguish(string baseKey, IReadOnlyList<(ModelSource Source, string? Described)> models)
    {
        if (models.Count == 1)
            return [baseKey];
        var quants = models.Select(model => (model.Source.Quantization ?? model.Described ?? model.Source.Stem).ToLowerInvariant()).ToList();
        var repeated = quants.GroupBy(quant => quant).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet();
        return [.. models.Zip(quants, (model, quant) =>
            repeated.Contains(quant) ? $"{baseKey}@{model.Source.Stem.ToLowerInvariant()}-{quant}" : $"{baseKey}@{quant}")];
    }

    /// <summary>
    /// Forms under which a model may be asked for, besides its key: without the quantisation, the name alone, and, where the key needs no
    /// quantisation, with it all the same.
    /// </summary>
    public static IEnumerable<string> ShortForms(ModelEntry model)
    {
        var withoutQuant = model.Key.Split('@', 2)[0];
        var name = NameOf(withoutQuant);
        yield return withoutQuant;
        yield return NameOf(model.Key);
        yield return name;
        if (withoutQuant.Length < model.Key.Length || model.Source.Quantization?.ToLowerInvariant() is not { } quant)
            yield break;
        yield return $"{withoutQuant}@{quant}";
        yield return $"{name}@{quant}";
    }

    /// <summary>The name without <c>-gguf</c> or <c>-mlx</c> at its end (before the quantisation).</summary>
    public static string WithoutFormat(string form)
    {
        var at = form.IndexOf('@', StringComparison.Ordinal);
        var (name, quant) = at < 0 ? (form, "") : (form[..at], form[at..]);
        var suffix = Array.Find(FormatSuffixes, suffix => name.EndsWith(suffix, StringComparison.Ordinal));
        return suffix is null ? form : name[..^suffix.Length] + quant;
    }

    private static string NameOf(string key) => key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];
}
