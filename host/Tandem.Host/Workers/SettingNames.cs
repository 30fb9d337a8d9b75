using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>
/// Names of the settings that a request carries, by field path as in <c>HandshakeResponse.settings</c>. A worker is never sent a setting
/// that it does not know: it would be ignored silently, or refused without a name.
/// </summary>
internal static class SettingNames
{
    /// <summary>Settings of a load: <c>load.context_length</c>, <c>load.draft.threads</c>, …</summary>
    public static IEnumerable<string> Of(LoadModelRequest request) =>
        Of(request.Settings, "load.").Concat(request.Draft is null ? [] : Of(request.Draft));

    /// <inheritdoc cref="Of(LoadModelRequest)"/>
    public static IEnumerable<string> Of(DraftModel draft) => Of(draft.Settings, "load.draft.");

    /// <summary>Settings of a request: <c>sampling.top_p</c>, <c>speculation.length</c>.</summary>
    public static IEnumerable<string> Of(GenerateRequest request) =>
        Of(request.Sampling, "sampling.").Concat(Of(request.Speculation, "speculation."));

    /// <summary>A failure naming the first setting that <paramref name="accepted"/> does not hold; null when all are known.</summary>
    public static Failure? Check(IEnumerable<string> names, IReadOnlySet<string> accepted, string engineId) =>
        names.FirstOrDefault(name => !accepted.Contains(name)) is { } unknown
            ? new Failure(
                FailureCodes.NotSupported, $"Engine '{engineId}' has no setting '{unknown}'.", unknown, "Leave it out, or use another engine.")
            : null;

    private static IEnumerable<string> Of(IMessage? message, string prefix)
    {
        if (message is null)
            return [];
        // Which draft a request was resolved with is no setting.
        return message.Descriptor.Fields.InFieldNumberOrder()
            .Where(field => field.Name != "draft_revision" && IsSet(message, field)).SelectMany(field => field is { FieldType: FieldType.Message, IsRepeated: false }
                ? Of((IMessage)field.Accessor.GetValue(message), $"{prefix}{field.Name}.")
                : [prefix + field.Name]);
    }

    private static bool IsSet(IMessage message, FieldDescriptor field) => field switch
    {
        { IsRepeated: true } => ((IList)field.Accessor.GetValue(message)).Count > 0,
        { HasPresence: true } => field.Accessor.HasValue(message),
        // Without presence the zero value is "not set".
        _ => !IsZero(field.Accessor.GetValue(message)),
    };

    private static bool IsZero(object? value) => value switch
    {
        null => true,
        string text => text.Length == 0,
        Enum number => Convert.ToInt32(number, null) == 0,
        IConvertible number => Convert.ToDouble(number, null) == 0,
        _ => false,
    };
}
