using System.Globalization;

namespace Tandem.Host.Runtimes;

/// <summary>Orders versions as publishers count: part by part, numbers as numbers, a longer one after its own beginning.</summary>
internal sealed class RuntimeVersion : IComparer<string>
{
    public static RuntimeVersion Order { get; } = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Split(x), Split(y));
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            var order = ComparePart(left[i], right[i]);
            if (order != 0)
                return order;
        }

        return left.Length.CompareTo(right.Length);
    }

    private static string[] Split(string? version) => (version ?? "").Split(['.', '-', '+', '_'], StringSplitOptions.RemoveEmptyEntries);

    private static int ComparePart(string left, string right) =>
        ulong.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out var a)
        && ulong.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out var b)
            ? a.CompareTo(b)
            : string.CompareOrdinal(left, right);
}
