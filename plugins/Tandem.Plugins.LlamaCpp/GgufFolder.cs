using System.Globalization;
using System.Text.RegularExpressions;

namespace Tandem.Plugins.LlamaCpp;

/// <summary>Finds GGUF models in a folder by the names of its files: split models, projectors, quantisations.</summary>
internal static partial class GgufFolder
{
    public const string Format = "gguf";
    private const string Extension = ".gguf";

    public static IReadOnlyList<ModelSource> FindModels(FolderListing folder)
    {
        var files = folder.Files.Where(file => file.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToList();
        if (files.Count == 0)
            return [];
        var projectors = files.Where(file => file.Name.Contains("mmproj", StringComparison.OrdinalIgnoreCase)).ToList();
        var projector = projectors.Count == 0 ? null : Path.Combine(folder.Path, projectors[0].Name);
        return files.Except(projectors)
            .GroupBy(file => SplitSuffix().Replace(StemOf(file.Name), ""), StringComparer.OrdinalIgnoreCase)
            .Select(parts => ToSource(folder.Path, parts.Key, [.. parts.Select(part => part.Name)], projector))
            .ToList();
    }

    /// <summary>How many parts a file's name says its model has; 1 for one that is not split.</summary>
    public static int PartCount(string path)
    {
        var match = SplitSuffix().Match(StemOf(Path.GetFileName(path)));
        return match.Success ? int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture) : 1;
    }

    private static ModelSource ToSource(string folder, string name, IReadOnlyList<string> parts, string? projector)
    {
        var quantization = QuantizationSuffix().Match(name);
        var stem = quantization.Success ? name[..quantization.Index] : name;
        var files = parts.Select(part => Path.Combine(folder, part)).ToList();
        return new ModelSource(Format, files[0], files, stem, false, projector,
            quantization.Success ? quantization.Groups["quant"].Value : null);
    }

    private static string StemOf(string name) => name[..^Extension.Length];

    [GeneratedRegex(@"-(?<part>\d{5})-of-(?<count>\d{5})$", RegexOptions.CultureInvariant)]
    private static partial Regex SplitSuffix();

    // Q4_K_M, IQ3_XXS, TQ1_0, F16, BF16, MXFP4_MOE, with the marks some publishers put before (UD-Q4_K_XL, i1-Q4_K_M).
    [GeneratedRegex(@"(?<=.)[-._](?<quant>(?:ud-|i1-)?(?:(?:i|t)?q\d+(?:_[a-z0-9]+)*|b?f16|f32|fp16|fp32|mxfp4(?:_moe)?|nvfp4))$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex QuantizationSuffix();
}
