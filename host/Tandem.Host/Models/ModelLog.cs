using Microsoft.Extensions.Logging;

namespace Tandem.Host.Models;

/// <summary>Log messages of the catalogue: 1300 to 1319.</summary>
internal static partial class ModelLog
{
    [LoggerMessage(1300, LogLevel.Information, "{Count} models found in {Seconds:F2} s, {Broken} of them unusable")]
    public static partial void Scanned(ILogger logger, int count, int broken, double seconds);

    [LoggerMessage(1301, LogLevel.Warning, "Folder {Folder} is skipped: {Reason}")]
    public static partial void FolderSkipped(ILogger logger, string folder, string reason);

    [LoggerMessage(1302, LogLevel.Warning, "Model folder {Folder} has more than {Limit} folders; the rest is not looked at")]
    public static partial void TooManyFolders(ILogger logger, string folder, int limit);

    [LoggerMessage(1303, LogLevel.Error, "The plugin of {Engine} threw at {Path}")]
    public static partial void PluginThrew(ILogger logger, Exception exception, string engine, string path);

    [LoggerMessage(1304, LogLevel.Warning, "Model {Path} is unusable: {Reason}")]
    public static partial void Unusable(ILogger logger, string path, string reason);

    [LoggerMessage(1305, LogLevel.Warning, "Two models are called {Key}; {Path} cannot be reached by it")]
    public static partial void KeyTaken(ILogger logger, string key, string path);

    [LoggerMessage(1306, LogLevel.Warning, "{Path} cannot be read, models are without their defaults: {Reason}")]
    public static partial void DefaultsUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(1307, LogLevel.Error, "The scan of the model folders failed; the models of the last one stay listed")]
    public static partial void ScanFailed(ILogger logger, Exception exception);

    [LoggerMessage(1308, LogLevel.Warning, "Folder {Folder} cannot be watched and is looked at once a minute instead: {Reason}")]
    public static partial void NotWatched(ILogger logger, string folder, string reason);

    [LoggerMessage(1309, LogLevel.Warning, "The cache of models cannot be {What}; headers are read again: {Reason}")]
    public static partial void CacheUnusable(ILogger logger, string what, string reason);

    [LoggerMessage(1310, LogLevel.Warning, "The default {Setting} of {Model} is ignored: it must be {Expected}")]
    public static partial void DefaultIgnored(ILogger logger, string setting, string model, string expected);
}
