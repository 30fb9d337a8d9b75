using System.Security.Cryptography;
using System.Text;

namespace Tandem.Protocol;

/// <summary>Names and numbers of the worker contract that the proto file cannot hold.</summary>
public static class WorkerContract
{
    /// <summary>Contract versions this build speaks, both ends included.</summary>
    public const uint ProtocolMin = 1;

    /// <inheritdoc cref="ProtocolMin"/>
    public const uint ProtocolMax = 1;

    /// <summary>Metadata key of the instance token, on every call.</summary>
    public const string TokenHeader = "tandem-token";

    /// <summary>Trailer with a serialised <see cref="ErrorDetail"/>.</summary>
    public const string ErrorTrailer = "tandem-error-bin";

    /// <summary>Code of the refusal of a worker that was told to end and takes nothing new.</summary>
    public const string Draining = "draining";

    /// <summary>Environment variable with the instance token; never an argument, arguments are visible to others.</summary>
    public const string TokenVariable = "TANDEM_WORKER_TOKEN";

    /// <summary>Environment variable with the supervisor's process id, for the parent watch.</summary>
    public const string SupervisorPidVariable = "TANDEM_SUPERVISOR_PID";

    /// <summary>Environment variable with the folder in which the worker binds its socket.</summary>
    public const string SocketDirectoryVariable = "TANDEM_SOCKET_DIRECTORY";

    /// <summary>Environment variable with the folder of the runtime (the engine's libraries).</summary>
    public const string RuntimeDirectoryVariable = "TANDEM_RUNTIME_DIRECTORY";

    /// <summary>Request id of the one token that a worker must produce before it counts as ready.</summary>
    public const string ReadinessRequest = "readiness";

    /// <summary>Largest message in either direction, bytes; set on both sides.</summary>
    public const int MaxMessageBytes = 64 * 1024 * 1024;

    /// <summary>The worker's answer to a handshake challenge: HMAC-SHA256 keyed with the token.</summary>
    public static byte[] Prove(string token, ReadOnlySpan<byte> challenge) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), challenge);
}
