using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Host.Bench;

/// <summary>Source-generated JSON of reports, as the API writes them and the database keeps them.</summary>
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(BenchReports))]
internal sealed partial class BenchJson : JsonSerializerContext
{
    public static BenchJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
