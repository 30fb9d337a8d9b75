using Microsoft.Extensions.Logging;

namespace Tandem.Host.Api;

internal static partial class ApiLog
{
    [LoggerMessage(3000, LogLevel.Error, "{Method} {Path} failed by a bug of ours")]
    public static partial void Unexpected(ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(3001, LogLevel.Warning, "{Method} {Path} refused: {Reason}")]
    public static partial void Refused(ILogger logger, string method, string path, string reason);

    [LoggerMessage(3002, LogLevel.Information, "{Id} {Model}: {Tokens} tokens, {Rate:0.0} tok/s, {StopReason}")]
    public static partial void Answered(ILogger logger, string id, string model, int tokens, double rate, string stopReason);

    [LoggerMessage(3003, LogLevel.Information, "{Id} {Model}: {Code}: {Reason}")]
    public static partial void Failed(ILogger logger, string id, string model, string code, string reason);

    [LoggerMessage(3004, LogLevel.Debug, "The client of connection {Id} has gone; its answer is cancelled")]
    public static partial void ClientGone(ILogger logger, string id);
}
