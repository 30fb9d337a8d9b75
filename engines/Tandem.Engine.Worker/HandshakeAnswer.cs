using Google.Protobuf;
using Grpc.Core;
using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>The part of a handshake that is the same for every worker: the version both sides use, and the proof.</summary>
public static class HandshakeAnswer
{
    private const int ShortestChallenge = 16;
    private const int LongestChallenge = 64;

    /// <summary>
    /// An answer with protocol, proof and engine (its pid is filled in); the caller adds capabilities, settings and devices.
    /// </summary>
    /// <exception cref="RpcException">
    /// FAILED_PRECONDITION <c>protocol_mismatch</c> without a common version; INVALID_ARGUMENT for a challenge of the wrong length.
    /// </exception>
    public static HandshakeResponse Create(WorkerIdentity identity, HandshakeRequest request, EngineInfo engine)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(engine);
        if (request.Challenge.Length is < ShortestChallenge or > LongestChallenge)
        {
            throw Refusal.InvalidArgument(
                "invalid_value", "challenge", $"challenge must be {ShortestChallenge} to {LongestChallenge} bytes and has {request.Challenge.Length}");
        }

        engine.Pid = (uint)Environment.ProcessId;
        return new HandshakeResponse
        {
            Protocol = ChooseProtocol(request.ProtocolMin, request.ProtocolMax),
            Proof = ByteString.CopyFrom(WorkerContract.Prove(identity.Token, request.Challenge.Span)),
            Engine = engine,
        };
    }

    /// <summary>The highest version in both ranges.</summary>
    internal static uint ChooseProtocol(uint min, uint max)
    {
        var chosen = Math.Min(max, WorkerContract.ProtocolMax);
        if (min <= max && chosen >= Math.Max(min, WorkerContract.ProtocolMin))
            return chosen;
        throw Refusal.FailedPrecondition(
            "protocol_mismatch",
            $"the supervisor speaks worker contract {min} to {max}, this worker {WorkerContract.ProtocolMin} to {WorkerContract.ProtocolMax}",
            "Update whichever of the two is older.");
    }
}
