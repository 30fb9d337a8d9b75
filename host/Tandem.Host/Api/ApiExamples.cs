using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Tandem.Host.Api;

/// <summary>Examples of requests in <c>/openapi/v1.json</c>. A test sends each of them and compares the answer with its description.</summary>
internal static class ApiExamples
{
    private const string Chat = """
        {"model": "tandem/storyteller", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tell me a story about a fox."}],
         "temperature": 0.7, "max_tokens": 64, "seed": 1, "draft_model": "tandem/storyteller-draft"}
        """;

    private const string Text = """
        {"model": "tandem/storyteller", "prompt": "Once upon a time", "max_tokens": 32, "temperature": 0, "stop": ["\n\n"]}
        """;

    private const string Embedding = """
        {"model": "all-MiniLM-L6-v2", "input": ["A cat sleeps.", "A kitten is asleep."]}
        """;

    private const string Load = """
        {"model": "tandem/storyteller", "draft_model": "tandem/storyteller-draft", "context_length": 2048, "echo_load_config": true}
        """;

    private static readonly Dictionary<string, string> All = new()
    {
        ["/v1/chat/completions"] = Chat,
        ["/api/v0/chat/completions"] = Chat,
        ["/v1/completions"] = Text,
        ["/api/v0/completions"] = Text,
        ["/v1/embeddings"] = Embedding,
        ["/api/v0/embeddings"] = Embedding,
        ["/api/v1/models/load"] = Load,
    };

    public static Task AddAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var (path, example) in All)
        {
            if (document.Paths.TryGetValue(path, out var item)
                && item.Operations?.GetValueOrDefault(HttpMethod.Post)?.RequestBody?.Content is { } contents
                && contents.TryGetValue("application/json", out var content))
                content.Example = JsonNode.Parse(example);
        }

        return Task.CompletedTask;
    }
}
