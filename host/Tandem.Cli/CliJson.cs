using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Cli.Commands;
using Tandem.Cli.Commands.Runtimes;

namespace Tandem.Cli;

/// <summary>The parts of the host's answers that the commands look at.</summary>
internal sealed record HealthView(string? Instance);

internal sealed record ChunkView(string? Model, IReadOnlyList<ChoiceView>? Choices, UsageView? Usage, JsonElement? Stats, ErrorView? Error);

internal sealed record ChoiceView(DeltaView? Delta);

internal sealed record DeltaView(string? Content, IReadOnlyList<OriginView>? Origin);

/// <param name="From"><c>main</c>, <c>draft</c> or <c>ngram</c>.</param>
internal sealed record OriginView(int Chars, string? From);

internal sealed record UsageView(int CompletionTokens);

internal sealed record ErrorBodyView(ErrorView? Error);

/// <param name="Message">After a line feed comes the advice.</param>
internal sealed record ErrorView(string? Message, string? Code);

internal sealed record StatsView(
    double TokensPerSecond, double TimeToFirstToken, string? StopReason, string? DraftModel,
    long? TotalDraftTokensCount, long? AcceptedDraftTokensCount, string? SpeculationNote);

/// <summary>A chat request as <c>run</c> sends it; what is null is left to the model's defaults.</summary>
internal sealed record ChatBody(string Model, IReadOnlyList<MessageBody> Messages)
{
    public bool Stream { get; init; } = true;
    public StreamOptionsBody StreamOptions { get; init; } = new(true, true);
    public string? DraftModel { get; init; }
    public double? Temperature { get; init; }
    public long? Seed { get; init; }
    public int? MaxTokens { get; init; }
}

internal sealed record MessageBody(string Role, string Content);

internal sealed record StreamOptionsBody(bool IncludeUsage, bool IncludeDraftOrigin);

/// <summary>What <c>bench</c> asks for; what is null is left to the host.</summary>
internal sealed record BenchBody(string Model)
{
    public IReadOnlyList<string>? Drafts { get; init; }
    public IReadOnlyList<string>? Prompts { get; init; }
    public int? Rounds { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
}

/// <summary>What <c>run --json</c> prints.</summary>
internal sealed record RunResult(string Content, string? ReasoningContent, JsonElement? Stats, string Model, string? DraftModel);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthView))]
[JsonSerializable(typeof(ChunkView))]
[JsonSerializable(typeof(ErrorBodyView))]
[JsonSerializable(typeof(StatsView))]
[JsonSerializable(typeof(ChatBody))]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(ModelsView))]
[JsonSerializable(typeof(IReadOnlyList<ModelView>))]
[JsonSerializable(typeof(IReadOnlyList<LoadedView>))]
[JsonSerializable(typeof(PairsView))]
[JsonSerializable(typeof(IReadOnlyList<PairsView>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(RuntimeListView))]
[JsonSerializable(typeof(AvailableRuntimesView))]
[JsonSerializable(typeof(RuntimePlanView))]
[JsonSerializable(typeof(InstalledRuntimeView))]
[JsonSerializable(typeof(RemovedRuntimeView))]
[JsonSerializable(typeof(RuntimeRequestBody))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(WorkersView))]
[JsonSerializable(typeof(UnloadedView))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(BenchBody))]
[JsonSerializable(typeof(Tandem.Host.Bench.BenchReport))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>For people to read: text as it is rather than in escapes.</summary>
    public static CliJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    });
}
