using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Host.Api.Native;
using Tandem.Host.Api.OpenAi;

namespace Tandem.Host.Api;

/// <summary>Source-generated JSON of everything this API sends.</summary>
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatChunk))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(V0ModelList))]
[JsonSerializable(typeof(V1ModelList))]
[JsonSerializable(typeof(V1LoadRequest))]
[JsonSerializable(typeof(V1Loaded))]
[JsonSerializable(typeof(V1UnloadRequest))]
[JsonSerializable(typeof(V1Unloaded))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Names in snake_case; text as it is rather than in escapes (nothing here is put into a page as markup).</summary>
    public static ApiJson Wire { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
