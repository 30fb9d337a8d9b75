using Microsoft.Extensions.Logging;

namespace Tandem.Host.Runtimes;

internal static partial class RuntimeLog
{
    [LoggerMessage(1250, LogLevel.Warning, "The runtime in {Folder} is not listed: {Reason}")]
    public static partial void Unreadable(ILogger logger, string folder, string reason);

    [LoggerMessage(1251, LogLevel.Information, "Runtime {Id} cannot be used here: {Reason}")]
    public static partial void NotUsable(ILogger logger, string id, string reason);

    [LoggerMessage(1252, LogLevel.Information, "Removing {Folder}, left behind by an installation or a removal that was cut short")]
    public static partial void Sweeps(ILogger logger, string folder);

    [LoggerMessage(1253, LogLevel.Warning, "{Folder} cannot be deleted now ({Reason}); the next start tries again")]
    public static partial void CannotDelete(ILogger logger, string folder, string reason);

    [LoggerMessage(1254, LogLevel.Warning, "The survey of {Id} could not be kept: {Reason}")]
    public static partial void SurveyNotKept(ILogger logger, string id, string reason);

    [LoggerMessage(1255, LogLevel.Warning, "{Notice}")]
    public static partial void RolledBack(ILogger logger, string notice);

    [LoggerMessage(1256, LogLevel.Information, "Runtime {Id} was installed")]
    public static partial void Installed(ILogger logger, string id);

    [LoggerMessage(1257, LogLevel.Information, "Runtime {Id} was removed")]
    public static partial void Removed(ILogger logger, string id);

    [LoggerMessage(1258, LogLevel.Information, "Models of format {Format} get runtime {Id} from now on")]
    public static partial void Selected(ILogger logger, string format, string id);

    [LoggerMessage(1259, LogLevel.Error, "{What} failed unexpectedly")]
    public static partial void OwnBug(ILogger logger, Exception exception, string what);

    [LoggerMessage(1260, LogLevel.Warning, "Automatic update: {Reason}")]
    public static partial void UpdateFailed(ILogger logger, string reason);
}
