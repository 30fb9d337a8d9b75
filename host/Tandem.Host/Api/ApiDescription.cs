using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tandem.Host.Api.Management;

namespace Tandem.Host.Api;

/// <summary>What <c>/openapi/v1.json</c> says beyond what the framework finds out by itself. The pages' types are made from it.</summary>
internal static partial class ApiDescription
{
    /// <summary>Under it a stream is described at first: the framework keeps one description for each status, and this one is used by none.</summary>
    public const int StreamStatus = StatusCodes.Status206PartialContent;

    private const JsonSchemaType Numeric = JsonSchemaType.Integer | JsonSchemaType.Number;

    public static Task AmendAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        // The framework takes it that numbers may be sent as texts; here they are numbers only, in requests and in answers.
        if (schema.Type is { } type && (type & Numeric) != 0 && type.HasFlag(JsonSchemaType.String))
            (schema.Type, schema.Pattern) = (type & ~JsonSchemaType.String, null);
        if (context.JsonPropertyInfo is { } property)
        {
            if (property.CustomConverter is SettingValueConverter)
                schema.Type = JsonSchemaType.Boolean | JsonSchemaType.Number | JsonSchemaType.String;
            // What is left out when it is null is never null.
            if (schema.Type is { } nullable && AttributeOf<JsonIgnoreAttribute>(property) is { Condition: JsonIgnoreCondition.WhenWritingNull })
                schema.Type = nullable & ~JsonSchemaType.Null;
            if (AttributeOf<AllowedValuesAttribute>(property) is { } allowed)
                schema.Enum = [.. allowed.Values.Select(value => JsonValue.Create((string?)value) ?? JsonNullSentinel.JsonNull)];
        }

        return Task.CompletedTask;
    }

    private static T? AttributeOf<T>(JsonPropertyInfo property)
        where T : Attribute => property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: false).OfType<T>().FirstOrDefault();

    /// <summary>Handlers read a path's parameters themselves, so that the framework does not know of them.</summary>
    public static Task AddParametersAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var (path, item) in document.Paths)
        {
            foreach (Match name in Parameter().Matches(path))
            {
                foreach (var (_, operation) in item.Operations ?? [])
                {
                    (operation.Parameters ??= []).Add(new OpenApiParameter
                    {
                        Name = name.Groups[1].Value,
                        In = ParameterLocation.Path,
                        Required = true,
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    });
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Puts the events that an operation can answer with beside its whole answer.</summary>
    public static Task JoinStreamsAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var operation in document.Paths.Values.SelectMany(item => item.Operations?.Values.ToList() ?? []))
        {
            if (operation.Responses is { } responses && responses.Remove(StreamStatus.ToString(CultureInfo.InvariantCulture), out var stream)
                && responses["200"].Content is { } whole)
            {
                foreach (var (type, content) in stream.Content ?? new Dictionary<string, OpenApiMediaType>())
                    whole[type] = content;
            }
        }

        return Task.CompletedTask;
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
