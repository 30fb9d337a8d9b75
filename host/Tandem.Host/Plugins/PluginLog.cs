using Microsoft.Extensions.Logging;

namespace Tandem.Host.Plugins;

internal static partial class PluginLog
{
    [LoggerMessage(2000, LogLevel.Debug, "Plugin {Id} loaded from {Folder}")]
    public static partial void Loaded(ILogger logger, string id, string folder);

    [LoggerMessage(2001, LogLevel.Warning, "Plugin {Id} is {State}: {Reason}")]
    public static partial void NotUsed(ILogger logger, string id, string state, string reason);

    [LoggerMessage(2002, LogLevel.Error, "Plugin {Id} threw while {Operation}; it is not used any more")]
    public static partial void Threw(ILogger logger, Exception exception, string id, string operation);
}
