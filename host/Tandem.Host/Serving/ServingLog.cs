using Microsoft.Extensions.Logging;

namespace Tandem.Host.Serving;

internal static partial class ServingLog
{
    [LoggerMessage(1100, LogLevel.Error, "Handling {Message} failed")]
    public static partial void OwnBug(ILogger logger, Exception exception, string message);

    [LoggerMessage(1101, LogLevel.Error, "The workers have not ended within {Seconds} s")]
    public static partial void StopTooSlow(ILogger logger, double seconds);

    [LoggerMessage(1102, LogLevel.Warning, "What workers learned was not kept: {Reason}")]
    public static partial void FiguresNotKept(ILogger logger, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "What workers learned could not be read: {Reason}")]
    public static partial void FiguresNotRead(ILogger logger, string reason);
}
