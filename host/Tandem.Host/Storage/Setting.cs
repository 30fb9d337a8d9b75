using System.Globalization;
using System.Text.Json;

namespace Tandem.Host.Storage;

/// <summary>A setting that a user can change: its name, type, default and bounds. Registered as a service by the feature that reads it.</summary>
/// <param name="Key">E.g. <c>speculation.wait</c>.</param>
/// <param name="Default">A <see cref="bool"/>, <see cref="long"/>, <see cref="double"/> or <see cref="string"/>: the setting's type.</param>
/// <param name="Description">One sentence with the unit.</param>
public sealed record Setting(string Key, object Default, string Description)
{
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    /// <summary>Texts it can have; null: any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    public string Type => Default switch { bool => "boolean", long => "integer", double => "number", _ => "string" };

    /// <summary>The value that a JSON value stands for, or what is wrong with it.</summary>
    public (object? Value, string? Problem) Read(JsonElement json)
    {
        object? value = Default switch
        {
            bool when json.ValueKind is JsonValueKind.True or JsonValueKind.False => json.GetBoolean(),
            long when json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var whole) => whole,
            double when json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out var number) && double.IsFinite(number) => number,
            string when json.ValueKind == JsonValueKind.String => json.GetString(),
            _ => null,
        };
        if (value is null)
            return (null, $"it must be {(Type == "integer" ? "an integer" : $"a {Type}")}");
        if (value is long or double && Convert.ToDouble(value, CultureInfo.InvariantCulture) is var size && (size < Minimum || size > Maximum))
            return (null, $"it must be {Minimum ?? double.NegativeInfinity} to {Maximum ?? double.PositiveInfinity}");
        return value is string text && Choices?.Contains(text) == false ? (null, $"it must be one of {string.Join(", ", Choices)}") : (value, null);
    }
}
