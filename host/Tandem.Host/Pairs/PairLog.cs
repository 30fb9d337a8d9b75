using Microsoft.Extensions.Logging;

namespace Tandem.Host.Pairs;

/// <summary>Log messages of the pair index: 1320 to 1339.</summary>
internal static partial class PairLog
{
    [LoggerMessage(1320, LogLevel.Information, "Pairs of {Models} models with {Classes} tokenizers judged in {Seconds:F3} s")]
    public static partial void Indexed(ILogger logger, int models, int classes, double seconds);

    [LoggerMessage(1321, LogLevel.Error, "The pair index could not be built; the last one stays")]
    public static partial void Failed(ILogger logger, Exception exception);

    [LoggerMessage(1322, LogLevel.Warning, "The cache of pairs cannot be {What}; they are judged again: {Reason}")]
    public static partial void CacheUnusable(ILogger logger, string what, string reason);

    [LoggerMessage(1323, LogLevel.Error, "The plugin of {Engine} threw while it judged a pair")]
    public static partial void PluginThrew(ILogger logger, Exception exception, string engine);
}
