using System.Security.Cryptography;
using Tandem.Host.Models;
using Tandem.Host.Plugins;
using Tandem.Host.Runtimes;
using Tandem.Host.Workers;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Outcome of planning a worker.</summary>
internal abstract record PlanResult
{
    public sealed record Planned(WorkerPlan Plan) : PlanResult;

    public sealed record Refused(Failure Failure) : PlanResult;
}

/// <summary>From a model to what is started and loaded for it: runtime, launch plan of its plugin, load request.</summary>
public sealed class WorkerPlanner(PluginCatalogue plugins, RuntimeCatalogue runtimes, RuntimeTrials trials, EngineLaunch launch, LearnedFigures figures)
{
    private const int IdBytes = 4;
    private const string CpuVariant = "cpu";

    // What workers do when nothing is said.
    private const int DefaultContext = 4096;
    private const string DefaultKvType = "f16";

    internal PlanResult Plan(LoadRequest request, string instanceId)
    {
        var engineId = request.Model.EngineId;
        var choice = request.RuntimeId is { } named ? runtimes.PickNamed(engineId, named) : runtimes.Pick(engineId, request.Model.Key);
        if (choice is RuntimeChoice.Missing missing)
            return new PlanResult.Refused(missing.Failure);
        var runtime = ((RuntimeChoice.Found)choice).Runtime;
        return plugins.Find(engineId)!.Call($"planning a launch on {runtime.Id}", plugin => plugin.PlanLaunch(runtime, launch.ContextOf(engineId))) switch
        {
            PluginCall<LaunchPlan>.Returned plan => new PlanResult.Planned(new WorkerPlan(
                new WorkerOrder(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)), instanceId, runtime, plan.Value),
                request.Model.Key,
                LoadOf(request, runtime))),
            PluginCall<LaunchPlan>.Failed failed => new PlanResult.Refused(failed.Failure),
            _ => throw new InvalidOperationException("a plugin call has two outcomes"),
        };
    }

    /// <summary>A model was loaded as planned.</summary>
    internal void OnLoaded(WorkerPlan plan) => trials.OnLoaded(plan.Order.Runtime.Id);

    /// <summary>A load failed. True when it was the first one after an update of its runtime: planned again, it gets the runtime before.</summary>
    internal bool FindsAnotherRuntime(WorkerPlan plan, Failure failure) => trials.OnLoadFailed(plan.Order.Runtime.Id, plan.ModelKey, failure);

    /// <summary>Bytes that the model and its draft will take, from their headers; 0 when they cannot be told.</summary>
    internal long Estimate(LoadRequest request)
    {
        var settings = RequestDefaults.Merge(request.Model.Defaults.Load, request.Settings);
        var own = EstimateOf(request.Model, settings);
        return own == 0 || request.Draft is null
            ? own
            : own + EstimateOf(request.Draft, RequestDefaults.Merge(request.Model.Defaults.DraftLoad, request.DraftSettings) ?? settings);
    }

    /// <param name="plan">Of the worker that gets the draft: what is known of the pair goes with it.</param>
    internal DraftModel DraftOf(ModelEntry draft, LoadSettings? settings, WorkerPlan plan)
    {
        var model = DraftOf(draft, settings);
        figures.AddTo(model, plan.ModelKey, plan.Order.Runtime.Id);
        return model;
    }

    private static DraftModel DraftOf(ModelEntry draft, LoadSettings? settings) =>
        new() { Model = ReferenceTo(draft), EngineId = draft.EngineId, Settings = settings };

    // A draft that cannot be loaded does not stop the model: it is asked for again by itself, and that answer says why.
    private LoadModelRequest LoadOf(LoadRequest request, RuntimeInfo runtime)
    {
        var load = new LoadModelRequest
        {
            Model = ReferenceTo(request.Model),
            EngineId = request.Model.EngineId,
            Settings = RequestDefaults.Merge(request.Model.Defaults.Load, request.Settings),
            Draft = request.Draft is null ? null : DraftOf(request.Draft, RequestDefaults.Merge(request.Model.Defaults.DraftLoad, request.DraftSettings)),
            DraftRequired = false,
        };
        figures.AddTo(load, runtime.Id);
        return load;
    }

    /// <summary>Only where the model lives in the machine's memory; what is left on a graphics card its own runtime knows.</summary>
    private long EstimateOf(ModelEntry model, LoadSettings? settings)
    {
        if (model.Description is not { } description || plugins.Find(model.EngineId) is not { } plugin
            || runtimes.Pick(model.EngineId, model.Key) is not RuntimeChoice.Found { Runtime.Variant: CpuVariant })
        {
            return 0;
        }

        var placement = new PlacementSettings(
            settings is { HasContextLength: true } ? (int)settings.ContextLength : Math.Min(description.ContextLength, DefaultContext),
            settings is { HasParallel: true } ? (int)settings.Parallel : LoadDefaults.Parallel,
            settings is { HasKvKeyType: true } ? settings.KvKeyType : DefaultKvType,
            settings is { HasKvValueType: true } ? settings.KvValueType : DefaultKvType,
            0);
        return plugin.Call($"estimating {model.Key}", engine => engine.Estimate(description, placement)) is PluginCall<MemoryEstimate>.Returned { Value: var estimate }
            ? estimate.Total
            : 0;
    }

    private static ModelReference ReferenceTo(ModelEntry model) => new()
    {
        Path = model.Source.Path,
        ProjectorPath = model.Source.ProjectorPath ?? "",
        Key = model.Key,
    };
}
