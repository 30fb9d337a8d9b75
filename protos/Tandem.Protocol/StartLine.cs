using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Protocol;

/// <summary>
/// The one line of JSON that a worker prints once its socket accepts connections; everything it prints after that is log.
/// </summary>
/// <param name="Endpoint"><c>unix:/path</c>, <c>pipe:name</c> (Windows) or <c>http://127.0.0.1:port</c> (Python on Windows).</param>
/// <param name="Pid">Process id of the worker itself.</param>
/// <param name="Protocol">Highest contract version it speaks.</param>
public sealed record StartLine(
    [property: JsonPropertyName("endpoint")] string Endpoint,
    [property: JsonPropertyName("pid")] int Pid,
    [property: JsonPropertyName("protocol")] uint Protocol)
{
    /// <summary>Longest line that is looked at, characters.</summary>
    public const int MaxLength = 1024;

    public string ToJson() => JsonSerializer.Serialize(this, StartLineJson.Default.StartLine);

    /// <summary>Null when the line is not a start line.</summary>
    public static StartLine? TryParse(string line)
    {
        if (line.Length > MaxLength || !line.StartsWith('{'))
            return null;
        try
        {
            var parsed = JsonSerializer.Deserialize(line, StartLineJson.Default.StartLine);
            return parsed is { Endpoint.Length: > 0, Pid: > 0 } ? parsed : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(StartLine))]
internal sealed partial class StartLineJson : JsonSerializerContext;
