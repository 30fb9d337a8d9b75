using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace Tandem.Host.Api;

/// <summary>Reads a JSON body within limits of size, time and depth; what is wrong with it is a result.</summary>
internal sealed class RequestBody : IDisposable
{
    public const int MaxBytes = 32 * 1024 * 1024;
    public const int MaxDepth = 64;

    // A client that is still sending does not read the answer, so the rest of a body that is too large is taken and thrown away.
    private const long MaxDiscarded = 256L * 1024 * 1024;

    private readonly JsonDocument? _document;

    private RequestBody(JsonDocument? document, Failure? failure) => (_document, Failure) = (document, failure);

    public Failure? Failure { get; }

    /// <summary>The body, an object; valid until disposed. Only without a <see cref="Failure"/>.</summary>
    public JsonElement Root => _document?.RootElement ?? throw new InvalidOperationException("the body has a failure");

    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var (buffer, failure) = await CollectAsync(request, cancellationToken);
        return failure is null ? Parse(buffer.WrittenMemory) : new RequestBody(null, failure);
    }

    public void Dispose() => _document?.Dispose();

    private static async Task<(ArrayBufferWriter<byte> Buffer, Failure? Failure)> CollectAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>((int)Math.Clamp(request.ContentLength ?? 4096, 256, 1024 * 1024));
        long total = 0;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            total += read.Buffer.Length;
            if (total <= MaxBytes)
            {
                foreach (var part in read.Buffer)
                    buffer.Write(part.Span);
            }

            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || total > MaxDiscarded)
                return (buffer, total <= MaxBytes ? null : TooLarge());
        }
    }

    private static RequestBody Parse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span))
            return Invalid("The body is not valid UTF-8.");
        if (body.Span.IsEmpty)
            return Invalid("The body is empty.");
        try
        {
            var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return new RequestBody(document, null);
            document.Dispose();
            return Invalid("The body must be a JSON object.");
        }
        catch (JsonException exception)
        {
            return Invalid($"The body is not JSON that can be read: {exception.Message}");
        }
    }

    private static RequestBody Invalid(string message) =>
        new(null, new Failure(FailureCodes.InvalidValue, message, NextStep: "Send one JSON object in UTF-8."));

    private static Failure TooLarge() =>
        new(ApiCodes.RequestTooLarge, $"The body is larger than {MaxBytes / (1024 * 1024)} MiB.", NextStep: "Send a shorter request.");
}
