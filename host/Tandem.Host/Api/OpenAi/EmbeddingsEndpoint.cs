using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Api.OpenAi;

/// <summary><c>POST /v1/embeddings</c> and <c>/api/v0/embeddings</c>.</summary>
internal sealed class EmbeddingsEndpoint(EmbeddingService embeddings, ILogger<EmbeddingsEndpoint> logger)
{
    private const int MostInputs = 2048;

    public async Task HandleAsync(HttpContext context)
    {
        var (read, failure) = await ReadAsync(context);
        if (read is null)
        {
            await ApiErrors.WriteAsync(context, failure!);
            return;
        }

        switch (await embeddings.EmbedAsync(read.Model, read.Inputs, context.RequestAborted))
        {
            case EmbeddingResult.Refused refused:
                ApiLog.Failed(logger, context.Connection.Id, read.Model, refused.Failure.Code, refused.Failure.Message);
                await ApiErrors.WriteAsync(context, FailureOf(refused.Failure));
                break;
            case EmbeddingResult.Made { Embeddings: var made } when read.Dimensions is { } wanted && made.Count > 0 && made[0].Values.Count != wanted:
                await ApiErrors.WriteAsync(context, new Failure(FailureCodes.NotSupported,
                    $"The embeddings of {read.Model} have {made[0].Values.Count} dimensions, not {wanted}.", "dimensions", "Leave 'dimensions' out."));
                break;
            case EmbeddingResult.Made made:
                context.Response.ContentType = "application/json; charset=utf-8";
                await JsonSerializer.SerializeAsync(context.Response.Body, ListOf(made, read.Base64), ApiJson.Wire.EmbeddingList, context.RequestAborted);
                break;
        }
    }

    private static async Task<(ReadEmbeddingRequest? Request, Failure? Failure)> ReadAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (body.Failure is not null)
            return (null, body.Failure);
        var problems = new FieldProblems();
        var fields = new JsonFields(body.Root, "", problems);
        var model = GenerationFields.ReadModel(fields, problems);
        var inputs = PromptReader.Read(fields, "input", MostInputs, problems).Select(input => new PlainPrompt(input.Text, input.Tokens)).ToList();
        var empty = inputs.FindIndex(input => input.Text is "");
        if (empty >= 0)
            problems.Add(inputs.Count == 1 ? "input" : $"input[{empty}]", "a text that is not empty");
        var format = fields.Text("encoding_format");
        if (format is not (null or "float" or "base64"))
            problems.Add("encoding_format", "'float' or 'base64'");
        var dimensions = fields.Whole("dimensions", 1, int.MaxValue);
        _ = fields.Whole("ttl", 0, int.MaxValue);
        return (problems.Any ? null : new ReadEmbeddingRequest(model, inputs, format == "base64", dimensions), problems.First);
    }

    private static EmbeddingList ListOf(EmbeddingResult.Made made, bool base64)
    {
        var tokens = made.Embeddings.Sum(embedding => (int)embedding.TokenCount);
        return new EmbeddingList("list", [.. made.Embeddings.Select((embedding, i) => new EmbeddingItem("embedding", i, ValueOf(embedding, base64)))],
            made.Model.Key, new EmbeddingUsage(tokens, tokens));
    }

    private static JsonNode ValueOf(Embedding embedding, bool base64)
    {
        if (!base64)
            return new JsonArray([.. embedding.Values.Select(value => (JsonNode)JsonValue.Create(value))]);
        var values = embedding.Values.ToArray();
        return JsonValue.Create(Convert.ToBase64String(MemoryMarshal.AsBytes(values.AsSpan())));
    }

    private static Failure FailureOf(Failure failure) => failure.Param?.StartsWith("inputs", StringComparison.Ordinal) == true
        ? failure with { Param = "input" + failure.Param["inputs".Length..] }
        : ChatMapping.FailureOf(failure, "input");

    private sealed record ReadEmbeddingRequest(string Model, IReadOnlyList<PlainPrompt> Inputs, bool Base64, int? Dimensions);
}
