using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tandem.Host.Api.Management;

/// <summary>Source-generated JSON of <c>/api/tandem/runtimes</c>; written as <see cref="ApiJson"/> does.</summary>
[JsonSerializable(typeof(RuntimeList))]
[JsonSerializable(typeof(AvailableRuntimes))]
[JsonSerializable(typeof(RuntimePlan))]
[JsonSerializable(typeof(RuntimeNews))]
[JsonSerializable(typeof(RemovedRuntime))]
[JsonSerializable(typeof(InstalledRuntimeItem))]
[JsonSerializable(typeof(InstallRequest))]
[JsonSerializable(typeof(SelectRequest))]
[JsonSerializable(typeof(UpdateRequest))]
internal sealed partial class RuntimeApiJson : JsonSerializerContext
{
    public static RuntimeApiJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
