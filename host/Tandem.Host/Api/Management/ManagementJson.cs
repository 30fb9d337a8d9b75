using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Host.Api.Management;

/// <summary>Source-generated JSON of what the supervisor says of itself; written as <see cref="ApiJson"/> does.</summary>
[JsonSerializable(typeof(AnswerItem))]
[JsonSerializable(typeof(AnswerList))]
[JsonSerializable(typeof(JobItem))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(RequestItem))]
[JsonSerializable(typeof(SettingList))]
[JsonSerializable(typeof(SystemReport))]
[JsonSerializable(typeof(WorkerItem))]
[JsonSerializable(typeof(WorkerList))]
[JsonSerializable(typeof(WorkerLogLines))]
internal sealed partial class ManagementJson : JsonSerializerContext
{
    public static ManagementJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
