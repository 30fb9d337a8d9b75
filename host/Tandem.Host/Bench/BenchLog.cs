using Microsoft.Extensions.Logging;

namespace Tandem.Host.Bench;

internal static partial class BenchLog
{
    [LoggerMessage(1500, LogLevel.Warning, "The benchmark was not kept: {Reason}")]
    public static partial void NotKept(ILogger logger, string reason);
}
