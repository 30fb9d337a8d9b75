using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Tandem.Cli;

/// <summary>Asks the host for an answer and reads it piece by piece.</summary>
internal static class ChatStream
{
    /// <summary>Chunks as they come; the last one has an error if it failed, at whatever point.</summary>
    /// <exception cref="HttpRequestException">The host cannot be reached, or went away.</exception>
    public static async IAsyncEnumerable<ChunkView> ReadAsync(
        HttpClient client, ChatBody body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, CliJson.Default.ChatBody));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            yield return new ChunkView(null, null, null, null, await ErrorOfAsync(response, stream, cancellationToken));
            yield break;
        }

        var parser = SseParser.Create(stream, static (_, data) => data.SequenceEqual("[DONE]"u8) ? null : JsonSerializer.Deserialize(data, CliJson.Default.ChunkView));
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
        {
            if (item.Data is null)
                yield break;
            yield return item.Data;
        }
    }

    private static async Task<ErrorView> ErrorOfAsync(HttpResponseMessage response, Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync(stream, CliJson.Default.ErrorBodyView, cancellationToken);
            if (body?.Error is { } error)
                return error;
        }
        catch (JsonException)
        {
            // Not one of our errors; the status has to do.
        }

        return new ErrorView($"The host answered with status {(int)response.StatusCode}.", null);
    }
}
