using Microsoft.Extensions.Logging;
using Tandem.Plugins;

namespace Tandem.Host.Plugins;

/// <summary>
/// A plugin that was found, and the border around it: what it throws becomes its status and a <see cref="Failure"/>.
/// Once broken it stays so until the next start.
/// </summary>
public sealed class EnginePlugin
{
    private readonly ILogger _logger;
    private volatile PluginStatus _status;

    internal EnginePlugin(string id, string folder, PluginStatus status, ILogger logger)
    {
        (Id, Folder, _status, _logger) = (id, folder, status, logger);
        Engine = (status as PluginStatus.Loaded)?.Engine;
    }

    /// <summary>Engine id.</summary>
    public string Id { get; }

    public string Folder { get; }

    /// <summary>Read once at load; null when the plugin never loaded.</summary>
    public EngineInfo? Engine { get; }

    public PluginStatus Status => _status;

    /// <summary>Runs <paramref name="call"/> on the plugin.</summary>
    /// <param name="operation">For the message: "describing tandem/storyteller".</param>
    public PluginCall<T> Call<T>(string operation, Func<IEnginePlugin, T> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (_status is not PluginStatus.Loaded loaded)
            return new PluginCall<T>.Failed(Unusable());
        try
        {
            return new PluginCall<T>.Returned(call(loaded.Plugin));
        }
        catch (Exception exception)
        {
            return new PluginCall<T>.Failed(Break(operation, exception));
        }
    }

    /// <inheritdoc cref="Call{T}"/>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async ValueTask<PluginCall<T>> CallAsync<T>(
        string operation, Func<IEnginePlugin, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (_status is not PluginStatus.Loaded loaded)
            return new PluginCall<T>.Failed(Unusable());
        try
        {
            return new PluginCall<T>.Returned(await call(loaded.Plugin, cancellationToken));
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return new PluginCall<T>.Failed(Break(operation, exception));
        }
    }

    internal PluginReport Report() => _status switch
    {
        PluginStatus.Incompatible incompatible => new(Id, Folder, "incompatible", incompatible.Reason, null),
        PluginStatus.Broken broken => new(Id, Folder, "broken", broken.Reason, null),
        _ => new(Id, Folder, "loaded", null, Engine),
    };

    private Failure Break(string operation, Exception exception)
    {
        var reason = $"{operation} threw {exception.GetType().Name}: {exception.Message}";
        PluginLog.Threw(_logger, exception, Id, operation);
        _status = new PluginStatus.Broken(reason);
        return Unusable();
    }

    private Failure Unusable() => new(
        FailureCodes.RuntimeBroken,
        $"The plugin of engine '{Id}' cannot be used: {Report().Reason}.",
        NextStep: "Update or remove the plugin and start Tandem again; the other engines go on.");
}
