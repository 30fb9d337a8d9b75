using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Api.Native;
using Tandem.Host.Api.OpenAi;

namespace Tandem.Host.Api;

/// <summary>What programs of others call: OpenAI's endpoints under <c>/v1</c>, LM Studio's under <c>/api/v0</c> and <c>/api/v1</c>.</summary>
internal static class ClientRoutes
{
    private const string OpenAi = "OpenAI";
    private const string V0 = "LM Studio v0";
    private const string V1 = "LM Studio v1";

    public static IServiceCollection AddClientApi(this IServiceCollection services) => services
        .AddSingleton<ModelsEndpoint>()
        .AddSingleton<AnswerEndpoint>()
        .AddSingleton<EmbeddingsEndpoint>()
        .AddSingleton<NativeModelsEndpoint>()
        .AddSingleton<NativeLoadEndpoint>();

    public static void MapClients(this WebApplication app)
    {
        MapModels(app);
        MapAnswers(app, "/v1", OpenAi, native: false);
        MapAnswers(app, "/api/v0", V0, native: true);
    }

    private static void MapModels(WebApplication app)
    {
        app.MapGet("/v1/models", ApiServices.Lazily<ModelsEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<ModelList>("Models that can be asked for").WithTags(OpenAi);
        app.MapGet("/v1/models/{**key}", ApiServices.Lazily<ModelsEndpoint>(app, (endpoint, context) => endpoint.FindAsync(context)))
            .Describe<ModelItem>("One model, by key or short form").WithTags(OpenAi);
        app.MapGet("/api/v0/models", ApiServices.Lazily<NativeModelsEndpoint>(app, (endpoint, context) => endpoint.ListV0Async(context)))
            .Describe<V0ModelList>("Models, loaded or not").WithTags(V0);
        app.MapGet("/api/v0/models/{**key}", ApiServices.Lazily<NativeModelsEndpoint>(app, (endpoint, context) => endpoint.FindV0Async(context)))
            .Describe<V0Model>("One model, by key or short form").WithTags(V0);
        app.MapGet("/api/v1/models", ApiServices.Lazily<NativeModelsEndpoint>(app, (endpoint, context) => endpoint.ListV1Async(context)))
            .Describe<V1ModelList>("Models with their loaded instances").WithTags(V1);
        app.MapPost("/api/v1/models/load", ApiServices.Lazily<NativeLoadEndpoint>(app, (endpoint, context) => endpoint.LoadAsync(context)))
            .Describe<V1Loaded>("Loads a model, once more if it is loaded already").Accepts<V1LoadRequest>("application/json").WithTags(V1);
        app.MapPost("/api/v1/models/unload", ApiServices.Lazily<NativeLoadEndpoint>(app, (endpoint, context) => endpoint.UnloadAsync(context)))
            .Describe<V1Unloaded>("Unloads an instance").Accepts<V1UnloadRequest>("application/json").WithTags(V1);
    }

    private static void MapAnswers(WebApplication app, string prefix, string tag, bool native)
    {
        app.MapPost(prefix + "/chat/completions", ApiServices.Lazily<AnswerEndpoint>(app, (endpoint, context) => endpoint.ChatAsync(context, native)))
            .Describe<ChatCompletion>("Answers to a chat, whole or streamed").Streams<ChatChunk>().Accepts<ChatCompletionRequest>("application/json").WithTags(tag);
        app.MapPost(prefix + "/completions", ApiServices.Lazily<AnswerEndpoint>(app, (endpoint, context) => endpoint.CompleteAsync(context, native)))
            .Describe<Completion>("Continuations of plain prompts, whole or streamed").Accepts<CompletionRequest>("application/json").WithTags(tag);
        app.MapPost(prefix + "/embeddings", ApiServices.Lazily<EmbeddingsEndpoint>(app, (endpoint, context) => endpoint.HandleAsync(context)))
            .Describe<EmbeddingList>("Embeddings of texts").Accepts<EmbeddingRequest>("application/json").WithTags(tag);
    }
}
