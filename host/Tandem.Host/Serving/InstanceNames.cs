using System.Globalization;

namespace Tandem.Host.Serving;

/// <summary>An instance as the choice sees it.</summary>
/// <param name="Load">Requests that use it or wait for it.</param>
internal readonly record struct InstanceLoad(string InstanceId, bool Serves, int Load);

/// <summary>What instances of a model are called and which of them a request gets. Pure.</summary>
internal static class InstanceNames
{
    /// <summary>The first free one of <c>key</c>, <c>key:2</c>, <c>key:3</c>, ….</summary>
    public static string Free(string modelKey, IReadOnlySet<string> taken)
    {
        var name = modelKey;
        for (var number = 2; taken.Contains(name); number++)
            name = string.Create(CultureInfo.InvariantCulture, $"{modelKey}:{number}");
        return name;
    }

    /// <summary>The instance that a request names (<c>…:2</c>), null when it names only a model.</summary>
    public static string? Asked(string modelKey, string name)
    {
        var colon = name.LastIndexOf(':');
        return colon > 0 && int.TryParse(name.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? string.Create(CultureInfo.InvariantCulture, $"{modelKey}:{number}")
            : null;
    }

    /// <summary>The instance asked for, if it is there; else the one that serves with the least to do; else the model's first.</summary>
    public static string Choose(string modelKey, string? asked, IReadOnlyList<InstanceLoad> instances)
    {
        if (asked is not null && instances.Any(instance => instance.InstanceId == asked))
            return asked;
        return instances.Where(instance => instance.Serves).OrderBy(instance => instance.Load).ThenBy(instance => instance.InstanceId.Length)
            .Select(instance => instance.InstanceId).FirstOrDefault(modelKey);
    }
}
