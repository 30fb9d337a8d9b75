using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Tandem.Host.Api.Management;

/// <param name="Type"><c>boolean</c>, <c>integer</c>, <c>number</c> or <c>string</c>.</param>
internal sealed record SettingItem(
    string Key,
    [property: JsonConverter(typeof(SettingValueConverter))] object Value,
    [property: JsonConverter(typeof(SettingValueConverter))] object Default,
    [property: AllowedValues("boolean", "integer", "number", "string")] string Type,
    double? Minimum,
    double? Maximum,
    IReadOnlyList<string>? Choices,
    string Description);

/// <summary>Everything that can be set, in order of keys.</summary>
internal sealed record SettingList(IReadOnlyList<SettingItem> Settings);

/// <summary>Writes the four types that a setting can have.</summary>
internal sealed class SettingValueConverter : JsonConverter<object>
{
    public override object Read(ref System.Text.Json.Utf8JsonReader reader, Type typeToConvert, System.Text.Json.JsonSerializerOptions options) =>
        throw new NotSupportedException("settings are read by their own types");

    public override void Write(System.Text.Json.Utf8JsonWriter writer, object value, System.Text.Json.JsonSerializerOptions options)
    {
        switch (value)
        {
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case long whole:
                writer.WriteNumberValue(whole);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue((string)value);
                break;
        }
    }
}
