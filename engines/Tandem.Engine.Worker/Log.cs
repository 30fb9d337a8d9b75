using Microsoft.Extensions.Logging;

namespace Tandem.Engine.Worker;

/// <summary>Log messages of the shared part of a worker, 5000 and up.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Information, "listening on {Endpoint}, {Milliseconds} ms after the start of the process")]
    public static partial void Listening(ILogger logger, string endpoint, long milliseconds);

    [LoggerMessage(5001, LogLevel.Warning, "{Method} refused: wrong token")]
    public static partial void TokenRefused(ILogger logger, string method);

    [LoggerMessage(5002, LogLevel.Error, "{Method} failed unexpectedly")]
    public static partial void Unexpected(ILogger logger, Exception exception, string method);

    [LoggerMessage(5003, LogLevel.Information, "ending")]
    public static partial void Ending(ILogger logger);

    [LoggerMessage(5004, LogLevel.Error, "cannot listen on {Endpoint}")]
    public static partial void CannotListen(ILogger logger, Exception exception, string endpoint);
}
