using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>
/// Makes the exception with which a call is refused: a status, and one <see cref="ErrorDetail"/> in the trailer
/// <see cref="WorkerContract.ErrorTrailer"/>. Use as <c>throw Refusal.InvalidArgument(…)</c>.
/// </summary>
/// <remarks>
/// Texts are cut so that status and trailer together stay below the 8 KiB of metadata that clients accept by default.
/// </remarks>
public static class Refusal
{
    private const int LongestMessage = 1500;
    private const int LongestNextStep = 500;
    private const int LongestStatus = 300;

    /// <summary>A field has a value that can never be served. <paramref name="field"/> is its path, e.g. <c>sampling.top_p</c>.</summary>
    public static RpcException InvalidArgument(string code, string field, string message, string nextStep = "")
        => Create(StatusCode.InvalidArgument, code, message, nextStep, field);

    /// <summary>The call does not fit what the worker is or has loaded.</summary>
    public static RpcException FailedPrecondition(string code, string message, string nextStep = "", string field = "")
        => Create(StatusCode.FailedPrecondition, code, message, nextStep, field);

    /// <summary>A file or another named thing is not there.</summary>
    public static RpcException NotFound(string code, string field, string message, string nextStep = "")
        => Create(StatusCode.NotFound, code, message, nextStep, field);

    /// <summary>The worker cannot do this now; <paramref name="retryAfter"/> seconds later it may (0: waiting does not help).</summary>
    public static RpcException Unavailable(string code, string message, string nextStep = "", double retryAfter = 0)
        => Create(StatusCode.Unavailable, code, message, nextStep, retryAfter: retryAfter);

    /// <summary>Memory or places are used up.</summary>
    public static RpcException ResourceExhausted(string code, string message, string nextStep = "", double retryAfter = 0)
        => Create(StatusCode.ResourceExhausted, code, message, nextStep, retryAfter: retryAfter);

    /// <summary>This engine never does this; code <c>not_supported</c>.</summary>
    public static RpcException NotSupported(string field, string message, string nextStep = "")
        => Create(StatusCode.Unimplemented, "not_supported", message, nextStep, field);

    /// <summary>A failure of the engine or a bug.</summary>
    public static RpcException Internal(string code, string message, string nextStep = "")
        => Create(StatusCode.Internal, code, message, nextStep);

    /// <summary>Any other status.</summary>
    public static RpcException Create(
        StatusCode status, string code, string message, string nextStep = "", string field = "", double retryAfter = 0)
    {
        var detail = new ErrorDetail
        {
            Code = code,
            Field = field,
            Message = Cut(message, LongestMessage),
            NextStep = Cut(nextStep, LongestNextStep),
            RetryAfter = retryAfter,
        };
        return new RpcException(new Status(status, Cut(message, LongestStatus)), Trailer(detail));
    }

    /// <summary>The detail a refusal carries; null when it has none, or one that cannot be read.</summary>
    public static ErrorDetail? DetailOf(RpcException refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        var bytes = refusal.Trailers.GetValueBytes(WorkerContract.ErrorTrailer);
        if (bytes is null)
            return null;
        try
        {
            return ErrorDetail.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Metadata Trailer(ErrorDetail detail) => new() { { WorkerContract.ErrorTrailer, detail.ToByteArray() } };

    /// <summary>Cuts to so many bytes of UTF-8, between characters; an unpaired surrogate becomes U+FFFD.</summary>
    private static string Cut(string text, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var kept = new StringBuilder();
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            used += rune.Utf8SequenceLength;
            if (used > bytes - 3)
                break;
            kept.Append(rune);
        }

        return kept.Append('…').ToString();
    }
}
