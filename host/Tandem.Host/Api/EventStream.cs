using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Tandem.Host.Api;

/// <summary>
/// Server-sent events on a response. Events are written into its buffer; <see cref="FlushAsync"/> sends them and waits while the client
/// does not read, so that nothing piles up. On a stream that has begun, a new one goes on.
/// </summary>
internal sealed class EventStream(HttpResponse response) : IDisposable
{
    private const int FlushAt = 16 * 1024;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly PipeWriter _pipe = response.BodyWriter;
    private readonly Utf8JsonWriter _json = new(response.BodyWriter, Options);
    private bool _begun;

    /// <summary>So much is waiting that it should be sent before more is written.</summary>
    public bool IsFull => _pipe.UnflushedBytes >= FlushAt;

    /// <summary>An event has been written here, not only comments.</summary>
    public bool HasEvents { get; private set; }

    public void Write<T>(T value, JsonTypeInfo<T> type)
    {
        Begin();
        HasEvents = true;
        _pipe.Write("data: "u8);
        _json.Reset();
        JsonSerializer.Serialize(_json, value, type);
        _pipe.Write("\n\n"u8);
    }

    /// <summary>A line that clients ignore and that keeps the connection alive.</summary>
    public void WriteComment(string text)
    {
        Begin();
        _pipe.Write(Encoding.UTF8.GetBytes($": {text}\n\n"));
    }

    /// <summary>Ends with an error: the last event of what has begun, and before that the ordinary answer.</summary>
    public async Task FailAsync(Failure failure, CancellationToken cancellationToken)
    {
        if (!_begun && !response.HasStarted)
        {
            await ApiErrors.WriteAsync(response.HttpContext, failure);
            return;
        }

        Write(ApiErrors.Body(failure), ApiJson.Wire.ErrorBody);
        await FlushAsync(cancellationToken);
    }

    public void WriteDone() => _pipe.Write("data: [DONE]\n\n"u8);

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_begun && _pipe.UnflushedBytes > 0)
            await _pipe.FlushAsync(cancellationToken);
    }

    public void Dispose() => _json.Dispose();

    private void Begin()
    {
        if (!_begun && !response.HasStarted)
        {
            response.ContentType = "text/event-stream; charset=utf-8";
            response.Headers.CacheControl = "no-cache";
        }

        _begun = true;
    }
}
