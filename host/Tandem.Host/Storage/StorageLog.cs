using Microsoft.Extensions.Logging;

namespace Tandem.Host.Storage;

internal static partial class StorageLog
{
    [LoggerMessage(1200, LogLevel.Information, "Database {File}: {Feature} goes from version {From} to {To}")]
    public static partial void Migrates(ILogger logger, string file, string feature, long from, long to);

    [LoggerMessage(1201, LogLevel.Error, "{Notice}")]
    public static partial void SetAside(ILogger logger, string notice);

    [LoggerMessage(1202, LogLevel.Error, "The database failed")]
    public static partial void Failed(ILogger logger, Exception exception);
}
