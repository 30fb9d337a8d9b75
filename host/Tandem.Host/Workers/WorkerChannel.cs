using System.IO.Pipes;
using System.Net.Sockets;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>Outcome of a handshake.</summary>
internal abstract record HandshakeResult
{
    public sealed record Accepted(HandshakeResponse Response) : HandshakeResult;

    public sealed record Refused(Failure Failure) : HandshakeResult;
}

/// <summary>
/// The connection to one worker: its endpoint, its token on every call, its limits. Its owner and every lease hold it; it closes with the
/// last of them, because closing it early would turn the error of a running call into a cancellation.
/// </summary>
internal sealed class WorkerChannel : IDisposable
{
    private const int ChallengeBytes = 32;
    private readonly GrpcChannel _channel;
    private readonly Metadata _metadata;
    private readonly int _pid;
    private int _holders = 1;

    public WorkerChannel(IWorkerProcess process)
    {
        _pid = process.Pid;
        var handler = new SocketsHttpHandler
        {
            // A proxy of the environment must never see these calls.
            UseProxy = false,
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        };
        var address = "http://localhost";
        if (process.Endpoint.StartsWith("http:", StringComparison.Ordinal))
            address = process.Endpoint;
        else
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(process.Endpoint, cancellationToken);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = WorkerContract.MaxMessageBytes,
            MaxSendMessageSize = WorkerContract.MaxMessageBytes,
        });
        _metadata = new Metadata { { WorkerContract.TokenHeader, process.Token } };
        Client = new Engine.EngineClient(_channel);
        Health = new Health.HealthClient(_channel);
    }

    public Engine.EngineClient Client { get; }

    public Health.HealthClient Health { get; }

    public CallOptions Options(CancellationToken cancellationToken) => new(_metadata, cancellationToken: cancellationToken);

    /// <summary>Checks that the other side is the process that was started, and of the engine that was meant.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<HandshakeResult> HandshakeAsync(RuntimeInfo runtime, CancellationToken cancellationToken)
    {
        var challenge = RandomNumberGenerator.GetBytes(ChallengeBytes);
        var response = await Client.HandshakeAsync(
            new HandshakeRequest
            {
                ProtocolMin = WorkerContract.ProtocolMin,
                ProtocolMax = WorkerContract.ProtocolMax,
                Challenge = ByteString.CopyFrom(challenge),
            },
            Options(cancellationToken));
        return Judge(response, WorkerContract.Prove(_metadata.GetValue(WorkerContract.TokenHeader)!, challenge), runtime) is { } lie
            ? new HandshakeResult.Refused(new Failure(
                FailureCodes.RuntimeBroken, $"The worker of {runtime.Id} was refused: {lie}.", NextStep: "Install the engine again."))
            : new HandshakeResult.Accepted(response);
    }

    /// <summary>One holder more; each disposes once.</summary>
    public WorkerChannel Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            _channel.Dispose();
    }

    private string? Judge(HandshakeResponse response, byte[] proof, RuntimeInfo runtime)
    {
        if (!CryptographicOperations.FixedTimeEquals(response.Proof.Span, proof))
            return "it could not prove that it was given this instance's token";
        if (response.Protocol is < WorkerContract.ProtocolMin or > WorkerContract.ProtocolMax)
            return $"it chose worker contract {response.Protocol}, this Tandem speaks {WorkerContract.ProtocolMin} to {WorkerContract.ProtocolMax}";
        if (response.Engine is null || response.Engine.Id != runtime.EngineId)
            return $"it says it is engine '{response.Engine?.Id}', not '{runtime.EngineId}'";
        return response.Engine.Pid != (uint)_pid ? $"it says it is process {response.Engine.Pid}, but process {_pid} was started" : null;
    }

    private static async ValueTask<Stream> ConnectAsync(string endpoint, CancellationToken cancellationToken)
    {
        const string Pipe = "pipe:";
        if (endpoint.StartsWith(Pipe, StringComparison.Ordinal))
        {
            var pipe = new NamedPipeClientStream(
                ".", endpoint[Pipe.Length..], PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
            await pipe.ConnectAsync(cancellationToken);
            return pipe;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoint[LocalWorker.UnixScheme.Length..]), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
