using Tandem.Protocol;

namespace Tandem.Engine.Worker;

/// <summary>What a test engine may change about the server; a real engine changes nothing.</summary>
public sealed record WorkerServerOptions
{
    /// <summary>Makes the line that is printed in place of the true start line, to play a worker that lies.</summary>
    public Func<StartLine, string>? ReplaceStartLine { get; init; }
}
