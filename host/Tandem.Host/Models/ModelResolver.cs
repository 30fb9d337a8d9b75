using System.Collections.Immutable;
using System.Globalization;

namespace Tandem.Host.Models;

/// <summary>
/// Turns what a request calls a model into an entry. Steps, the first that finds something decides: canonical key; short forms as they
/// are; short forms without <c>-gguf</c> and <c>-mlx</c>; the same for the part of an instance id before <c>:number</c>.
/// </summary>
internal static class ModelResolver
{
    private const int LongestName = 256;
    private const int MostNamed = 5;

    public static ModelResolution Resolve(ImmutableArray<ModelEntry> models, string name)
    {
        var wanted = name.Trim().ToLowerInvariant();
        if (wanted.Length is 0 or > LongestName)
            return NotFound("The name of a model must have 1 to 256 characters.", "Send a key that GET /v1/models lists.");
        var reachable = models.Where(model => !model.Shadowed).ToList();
        var matches = Match(reachable, wanted);
        if (matches.Count == 0 && WithoutInstance(wanted) is { } key)
            matches = Match(reachable, key);
        return matches.Count switch
        {
            1 => Check(matches[0]),
            0 => NotFound($"No model is called \"{name}\".", Advice(reachable, wanted)),
            _ => NotFound($"\"{name}\" fits several models: {List(matches.Select(model => model.Key))}.", "Send the whole key of one of them."),
        };
    }

    private static List<ModelEntry> Match(List<ModelEntry> models, string wanted)
    {
        var matches = models.FindAll(model => model.Key == wanted);
        if (matches.Count == 0)
            matches = models.FindAll(model => ModelKeys.ShortForms(model).Contains(wanted));
        if (matches.Count > 0)
            return matches;
        var bare = ModelKeys.WithoutFormat(wanted);
        return models.FindAll(model => ModelKeys.ShortForms(model).Prepend(model.Key).Any(form => ModelKeys.WithoutFormat(form) == bare));
    }

    private static string? WithoutInstance(string wanted)
    {
        var colon = wanted.LastIndexOf(':');
        return colon > 0 && int.TryParse(wanted.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) ? wanted[..colon] : null;
    }

    private static ModelResolution Check(ModelEntry model) => model.Problem is not { } problem
        ? new ModelResolution.Found(model)
        : new ModelResolution.NotFound(new Failure(FailureCodes.InvalidValue, $"{model.Key} cannot be used: {problem}", "model",
            "Download the file again, or ask for another model."));

    private static string Advice(List<ModelEntry> models, string wanted)
    {
        var near = models
            .Select(model => (model.Key, Distance: ModelKeys.ShortForms(model).Append(model.Key).Min(form => Distance(form, wanted))))
            .Where(one => one.Distance <= Math.Max(2, wanted.Length / 3))
            .OrderBy(one => one.Distance).ThenBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => one.Key).ToList();
        if (near.Count > 0)
            return $"Near matches: {List(near)}.";
        return models.Count == 0 ? "There are no models; give a folder that has some." : $"There are: {List(models.Select(model => model.Key))}.";
    }

    private static string List(IEnumerable<string> keys)
    {
        var all = keys.ToList();
        return string.Join(", ", all.Take(MostNamed)) + (all.Count > MostNamed ? $" and {all.Count - MostNamed} more" : "");
    }

    private static ModelResolution.NotFound NotFound(string message, string advice) =>
        new(new Failure(FailureCodes.ModelNotFound, $"{message} {advice}", "model", "`tandem ls` lists the models."));

    /// <summary>Edits that turn one name into the other (Levenshtein); a name contained in the other is one edit away.</summary>
    private static int Distance(string left, string right)
    {
        if (right.Length >= 4 && left.Contains(right, StringComparison.Ordinal))
            return 1;
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substitution = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[^1];
    }
}
