using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace Tandem.Tests.EngineWorker;

public sealed class RefusalTests
{
    [Fact]
    public void A_refusal_carries_every_field_of_its_detail()
    {
        var refusal = Refusal.Create(StatusCode.Unavailable, "busy", "all places are taken", "Try again.", "prompt", 1.5);

        Assert.Equal(
            new ErrorDetail { Code = "busy", Field = "prompt", Message = "all places are taken", NextStep = "Try again.", RetryAfter = 1.5 },
            Refusal.DetailOf(refusal));
        Assert.Equal((StatusCode.Unavailable, "all places are taken"), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("ü")]
    [InlineData("語")]
    [InlineData("😀")]
    public void Long_texts_are_cut_between_characters_so_that_clients_accept_the_metadata(string character)
    {
        var text = string.Concat(Enumerable.Repeat(character, 20_000));

        var refusal = Refusal.Internal("internal", text, text);

        // On the wire the trailer is base64 and the status is percent-encoded: three characters for a byte at worst.
        var trailer = (refusal.Trailers.GetValueBytes(WorkerContract.ErrorTrailer)!.Length + 2) / 3 * 4;
        var status = System.Text.Encoding.UTF8.GetByteCount(refusal.Status.Detail) * 3;
        Assert.InRange(trailer + status, 1, 8 * 1024 - 512);
        var message = Refusal.DetailOf(refusal)!.Message;
        Assert.Equal(text[..(message.Length - 1)] + "…", message);
    }

    [Fact]
    public void A_trailer_that_is_no_detail_is_read_as_none()
    {
        var trailers = new Metadata { { WorkerContract.ErrorTrailer, [0xff, 0xff] } };

        Assert.Null(Refusal.DetailOf(new RpcException(new Status(StatusCode.Internal, ""), trailers)));
        Assert.Null(Refusal.DetailOf(new RpcException(new Status(StatusCode.Internal, ""))));
    }
}
