using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Tandem.Host.Models;

/// <summary>
/// Settings of the worker contract as JSON objects and back: the field names are the contract's, enums are the last word of their names in
/// lower case. So a setting that is added to the contract is here without a line of code.
/// </summary>
internal static class SettingsJson
{
    private static readonly Dictionary<string, (double Least, double Most)> Ranges = new()
    {
        ["Sampling.temperature"] = (0, 2),
        ["Sampling.top_p"] = (0, 1),
        ["Sampling.min_p"] = (0, 1),
        ["Sampling.typical_p"] = (0, 1),
        ["Sampling.xtc_probability"] = (0, 1),
        ["Sampling.xtc_threshold"] = (0, 1),
        ["Sampling.repetition_penalty"] = (0.01, 10),
        ["Sampling.frequency_penalty"] = (-2, 2),
        ["Sampling.presence_penalty"] = (-2, 2),
        ["Sampling.penalty_window"] = (-1, int.MaxValue),
        ["Sampling.dry_window"] = (-1, int.MaxValue),
        ["Sampling.mirostat"] = (0, 2),
        ["LogitBias.token"] = (0, int.MaxValue),
        ["LogitBias.bias"] = (-100, 100),
        ["Speculation.length"] = (1, 32),
        ["Speculation.min_length"] = (0, 32),
        ["Speculation.max_length"] = (1, 32),
        ["Speculation.min_probability"] = (0, 1),
        ["LoadSettings.context_length"] = (1, 1 << 24),
        ["LoadSettings.parallel"] = (1, 256),
        ["LoadSettings.batch_size"] = (1, 1 << 20),
        ["LoadSettings.physical_batch_size"] = (1, 1 << 20),
        ["LoadSettings.gpu_layers"] = (-1, 4096),
        ["LoadSettings.threads"] = (1, 1024),
        ["LoadSettings.prompt_threads"] = (1, 1024),
        ["LoadSettings.expert_count"] = (1, 1024),
        ["LoadSettings.device_shares"] = (0, 1e6),
    };

    /// <summary>Fields that are no settings of a user's.</summary>
    private static readonly HashSet<string> Internal = ["Speculation.draft_revision"];

    /// <summary>Reads an object into a message. The fields must be the message's, of their types and within range.</summary>
    /// <param name="path">Of the object, for what is reported.</param>
    /// <param name="problem">Gets the path of a wrong field and what it must be.</param>
    /// <param name="except">A field that somebody else reads.</param>
    public static void Read(JsonElement source, IMessage target, string path, Action<string, string> problem, string? except = null)
    {
        if (source.ValueKind != JsonValueKind.Object)
        {
            problem(path, "an object");
            return;
        }

        try
        {
            ReadFields(source, target, path, problem, except);
        }
        catch (InvalidOperationException)
        {
            // A name or a text is none (half a surrogate pair).
            problem(path, "an object of readable names and texts");
        }
    }

    private static void ReadFields(JsonElement source, IMessage target, string path, Action<string, string> problem, string? except)
    {
        var fields = Fields(target.Descriptor).ToDictionary(field => field.Name, StringComparer.Ordinal);
        foreach (var property in source.EnumerateObject().Where(property => property.Name != except))
        {
            var at = $"{path}.{property.Name}";
            if (!fields.TryGetValue(property.Name, out var field))
                problem(at, $"one of the settings there are: {string.Join(", ", fields.Keys)}");
            else if (property.Value.ValueKind != JsonValueKind.Null)
                ReadField(property.Value, field, target, at, problem);
        }
    }

    /// <summary>Reads one field from a value that stands elsewhere.</summary>
    /// <inheritdoc cref="Read"/>
    public static void ReadField(JsonElement value, IMessage target, string name, string path, Action<string, string> problem) =>
        ReadField(value, target.Descriptor.FindFieldByName(name), target, path, problem);

    public static JsonObject Write(IMessage source)
    {
        var result = new JsonObject();
        foreach (var field in Fields(source.Descriptor))
        {
            var value = field.Accessor.GetValue(source);
            if (field.IsRepeated)
            {
                if (value is IList { Count: > 0 } list)
                    result[field.Name] = new JsonArray([.. list.Cast<object>().Select(item => Write(field, item))]);
            }
            else if (field.HasPresence ? field.Accessor.HasValue(source) : field.FieldType == FieldType.Enum && Convert.ToInt32(value, null) != 0)
            {
                result[field.Name] = Write(field, value);
            }
        }

        return result;
    }

    private static IEnumerable<FieldDescriptor> Fields(MessageDescriptor message) =>
        message.Fields.InFieldNumberOrder().Where(field => !Internal.Contains($"{message.Name}.{field.Name}"));

    private static void ReadField(JsonElement value, FieldDescriptor field, IMessage target, string path, Action<string, string> problem)
    {
        if (!field.IsRepeated)
        {
            if (ReadValue(value, field, path, problem) is { } single)
                field.Accessor.SetValue(target, single);
            return;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            problem(path, "a list");
            return;
        }

        var list = (IList)field.Accessor.GetValue(target);
        foreach (var (item, place) in value.EnumerateArray().Select((item, place) => (item, place)))
        {
            if (ReadValue(item, field, $"{path}[{place}]", problem) is { } read)
                list.Add(read);
        }
    }

    private static object? ReadValue(JsonElement value, FieldDescriptor field, string path, Action<string, string> problem)
    {
        var (least, most) = Ranges.GetValueOrDefault($"{field.ContainingType.Name}.{field.Name}", (double.MinValue, double.MaxValue));
        switch (field.FieldType)
        {
            case FieldType.Bool when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case FieldType.String when value.ValueKind == JsonValueKind.String:
                return value.GetString();
            case FieldType.Float when Number(value) is { } number && number >= least && number <= most && float.IsFinite((float)number):
                return (float)number;
            case FieldType.UInt32 when Whole(value, least, most) is >= 0 and <= uint.MaxValue and var number:
                return (uint)number;
            case FieldType.Int32 when Whole(value, least, most) is >= int.MinValue and <= int.MaxValue and var number:
                return (int)number;
            case FieldType.UInt64 when Whole(value, least, most) is >= 0 and <= ulong.MaxValue and var number:
                return (ulong)number;
            case FieldType.Enum when value.ValueKind == JsonValueKind.String && Find(field.EnumType, value.GetString()) is { } named:
                return Enum.ToObject(field.EnumType.ClrType, named.Number);
            case FieldType.Message:
                var message = field.MessageType.Parser.ParseFrom([]);
                Read(value, message, path, problem);
                return message;
            default:
                problem(path, Expected(field, least, most));
                return null;
        }
    }

    private static string Expected(FieldDescriptor field, double least, double most) => field.FieldType switch
    {
        FieldType.Bool => "true or false",
        FieldType.String => "a text",
        FieldType.Enum => $"one of {string.Join(", ", Names(field.EnumType).Select(one => one.Name))}",
        FieldType.Float when most < double.MaxValue => FormattableString.Invariant($"a number from {least} to {most}"),
        FieldType.Float => "a number",
        _ when most < double.MaxValue => FormattableString.Invariant($"a whole number from {least} to {most}"),
        FieldType.Int32 => "a whole number",
        _ => "a whole number, 0 or more",
    };

    private static JsonNode? Write(FieldDescriptor field, object value) => value switch
    {
        IMessage message => Write(message),
        bool flag => flag,
        string text => text,
        // As it was written: 0.7, not 0.699999988079071.
        float number => JsonNode.Parse(number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
        uint number => number,
        int number => number,
        ulong number => number,
        _ => Names(field.EnumType).FirstOrDefault(one => one.Number == Convert.ToInt32(value, null)).Name,
    };

    private static double? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : null;

    private static decimal? Whole(JsonElement value, double least, double most) =>
        Api.JsonFields.WholeOf(value) is { } number && (double)number >= least && (double)number <= most ? number : null;

    private static EnumValueDescriptor? Find(EnumDescriptor type, string? name) =>
        Names(type).FirstOrDefault(one => one.Name == name) is { Name: not null } found ? type.FindValueByNumber(found.Number) : null;

    /// <summary>Without the zero value, which means that nothing is said, and without the prefix that all values share.</summary>
    private static IEnumerable<(string Name, int Number)> Names(EnumDescriptor type)
    {
        var prefix = type.Values[0].Name.Length - "UNSPECIFIED".Length;
        return type.Values.Where(value => value.Number != 0).Select(value => (value.Name[prefix..].ToLowerInvariant(), value.Number));
    }
}
