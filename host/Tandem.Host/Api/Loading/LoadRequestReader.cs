using System.Text.Json;
using Tandem.Host.Models;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Api.Loading;

/// <summary>
/// A user's wish to load a model, as every endpoint that loads takes it: <c>model</c>; <c>draft_model</c> (or <c>draft</c>: a key, <c>auto</c>,
/// <c>off</c>; absent: the model's default); <c>ttl</c> in seconds; <c>runtime</c> (any beginning of an id that fits one); <c>load</c>: settings
/// as in the model's defaults, with <c>draft</c> for the draft's own. LM Studio's names for five of them may stand beside.
/// </summary>
internal sealed class LoadRequestReader(ModelCatalogue models, DraftPicker drafts, DraftSupport support, RuntimeCatalogue runtimes)
{
    private const int MostSeconds = 31_536_000;
    private const string Load = "load";

    private static readonly (string Theirs, string Ours)[] NativeNames =
    [
        ("context_length", "context_length"), ("eval_batch_size", "batch_size"), ("num_experts", "expert_count"), ("offload_kv_cache_to_gpu", "kv_on_gpu"),
    ];

    public async Task<(LoadRequest? Request, Failure? Failure)> ReadAsync(JsonElement body, CancellationToken cancellationToken)
    {
        var problems = new FieldProblems();
        var fields = new JsonFields(body, "", problems);
        var draftField = fields.Has("draft") ? "draft" : "draft_model";
        var (name, draftName, runtimeName, ttl) = (fields.Text("model"), fields.Text(draftField), fields.Text("runtime"), fields.Whole("ttl", 1, MostSeconds));
        var settings = ReadSettings(fields, problems);
        if (problems.First is { } problem)
            return (null, problem);
        var found = await models.ResolveAsync(name ?? "", cancellationToken);
        if (found is not ModelResolution.Found { Model: var model })
            return (null, ((ModelResolution.NotFound)found).Failure with { Param = "model" });
        var pick = support.Check(model, await drafts.ChooseAsync(model, draftName, cancellationToken), named: draftName is not null);
        if (pick.Failure is { } unfit)
            return (null, unfit with { Param = draftField });
        var (runtimeId, missing) = runtimeName is null ? (null, null) : FindRuntime(model, runtimeName);
        if (missing is not null)
            return (null, missing with { Param = "runtime" });
        return (new LoadRequest(model, pick.Draft)
        {
            Settings = settings.Load,
            DraftSettings = settings.DraftLoad,
            Ttl = ttl is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            RuntimeId = runtimeId,
        }, null);
    }

    private (string? Id, Failure? Failure) FindRuntime(ModelEntry model, string name) => runtimes.Find(name) switch
    {
        RuntimeLookup.NotFound unknown => (null, unknown.Failure),
        RuntimeLookup.Found found => runtimes.PickNamed(model.EngineId, RuntimeCatalogue.IdOf(found.Report)) switch
        {
            RuntimeChoice.Missing unusable => (null, unusable.Failure),
            RuntimeChoice.Found usable => (usable.Runtime.Id, null),
            _ => throw new InvalidOperationException("a choice has two outcomes"),
        },
        _ => throw new InvalidOperationException("a lookup has two outcomes"),
    };

    private static (LoadSettings? Load, LoadSettings? DraftLoad) ReadSettings(JsonFields fields, FieldProblems problems)
    {
        var (load, draft) = fields.Object(Load) is null ? (new LoadSettings(), null) : ModelDefaults.ReadLoad(fields.Find(Load)!.Value, problems.Add);
        foreach (var (theirs, ours) in NativeNames)
        {
            if (fields.Find(theirs) is { } value)
                SettingsJson.ReadField(value, load, ours, theirs, problems.Add);
        }

        if (fields.Flag("flash_attention") is { } flash)
            load.FlashAttention = flash ? Toggle.On : Toggle.Off;
        return (load.Equals(new LoadSettings()) ? null : load, draft);
    }
}
