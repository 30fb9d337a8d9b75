using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tandem.Host.Plugins;
using Tandem.Plugins;

namespace Tandem.Host.Runtimes.Survey;

/// <summary>Surveys runtimes: files against the manifest, then the probe. What has not changed since the last survey is not looked at again.</summary>
internal sealed class RuntimeSurveyor
{
    private readonly PluginCatalogue _plugins;
    private readonly RuntimeProbe _probe;
    private readonly RuntimeRecords _records;
    private readonly EngineLaunch _launch;
    private readonly ILogger<RuntimeSurveyor> _logger;

    // Read once, by the first survey.
    private readonly Lazy<Task<ConcurrentDictionary<string, (string Stamp, SurveyResult Result)>>> _known;

    public RuntimeSurveyor(PluginCatalogue plugins, RuntimeProbe probe, RuntimeRecords records, EngineLaunch launch, ILogger<RuntimeSurveyor> logger)
    {
        (_plugins, _probe, _records, _launch, _logger) = (plugins, probe, records, launch, logger);
        _known = new(LoadAsync);
    }

    /// <param name="fresh">Look again whatever is known.</param>
    public async Task<SurveyResult> SurveyAsync(RuntimeInfo runtime, MachineInfo machine, bool fresh, CancellationToken cancellationToken)
    {
        var known = await _known.Value;
        var stamp = RuntimeStamp.Of(runtime, _launch.EngineFolderOf(runtime.EngineId), machine);
        if (!fresh && known.TryGetValue(runtime.Folder, out var before) && before.Stamp == stamp)
            return before.Result;
        var damage = await RuntimeFiles.FindDamageAsync(runtime, cancellationToken);
        // A library that is not the one installed is not run.
        var probed = damage is null && _plugins.Find(runtime.EngineId) is { } plugin ? await _probe.RunAsync(plugin, runtime, cancellationToken) : null;
        var result = new SurveyResult(damage, probed);
        await KeepAsync(runtime, stamp, result, cancellationToken);
        return result;
    }

    /// <summary>Takes over what an installation has found out.</summary>
    public Task KeepAsync(RuntimeInfo runtime, MachineInfo machine, SurveyResult result, CancellationToken cancellationToken) =>
        KeepAsync(runtime, RuntimeStamp.Of(runtime, _launch.EngineFolderOf(runtime.EngineId), machine), result, cancellationToken);

    private async Task KeepAsync(RuntimeInfo runtime, string stamp, SurveyResult result, CancellationToken cancellationToken)
    {
        (await _known.Value)[runtime.Folder] = (stamp, result);
        try
        {
            await _records.SaveSurveyAsync(runtime.Folder, stamp, result, cancellationToken);
        }
        catch (Storage.StorageException exception)
        {
            // The next start surveys again; nothing else depends on it.
            RuntimeLog.SurveyNotKept(_logger, runtime.Id, exception.Message);
        }
    }

    private async Task<ConcurrentDictionary<string, (string Stamp, SurveyResult Result)>> LoadAsync()
    {
        try
        {
            return new(await _records.LoadSurveysAsync(CancellationToken.None));
        }
        catch (Exception exception) when (exception is Storage.StorageException or System.Text.Json.JsonException)
        {
            // Everything is surveyed again.
            RuntimeLog.SurveyNotKept(_logger, "earlier runs", exception.Message);
            return new();
        }
    }
}
