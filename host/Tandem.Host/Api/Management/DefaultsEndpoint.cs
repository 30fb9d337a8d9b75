using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Jobs;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.Management;

/// <summary>
/// <c>GET</c> and <c>PUT /api/tandem/models/KEY/defaults</c>. A PUT changes the settings it names, null takes one back to what ships with
/// the model; a draft that does not fit is refused as it would be in a request. A loaded model gets a changed draft at its next step.
/// </summary>
internal sealed class DefaultsEndpoint(ModelCatalogue models, PairJudge pairs, DefaultsStore store, DraftPicker drafts, DraftSupport support, ModelServer server, JobService jobs)
{
    private const string Suffix = "/defaults";

    public async Task GetAsync(HttpContext context)
    {
        if (await FindAsync(context) is { } model)
            await WriteAsync(context, model);
    }

    public async Task PutAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } model)
            return;
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (body.Failure is { } unreadable)
        {
            await ApiErrors.WriteAsync(context, unreadable);
            return;
        }

        var problems = new FieldProblems();
        var changed = store.Changed(model.Key, body.Root);
        using (var document = JsonDocument.Parse(changed.ToJsonString()))
        {
            var defaults = ModelDefaults.Read(document.RootElement, problems.Add);
            if ((problems.First ?? await CheckDraftAsync(model, body.Root, defaults, context.RequestAborted)) is { } failure)
            {
                await ApiErrors.WriteAsync(context, failure);
                return;
            }

            await store.SetAsync(model.Key, changed, defaults, context.RequestAborted);
            if (body.Root.TryGetProperty("draft_model", out _) && server.Instances.Any(instance => instance.ModelKey == model.Key))
                ChangeDraft(models.WithDefaults(model));
        }

        await WriteAsync(context, model);
    }

    /// <summary>A job, because a draft takes a while to load; when it fails, the model serves on.</summary>
    private void ChangeDraft(ModelEntry model) => jobs.Start("draft.change", $"Changing the draft of {model.Key}", async (_, cancellationToken) =>
    {
        var pick = support.Check(model, await drafts.ChooseAsync(model, name: null, cancellationToken), named: false);
        return await server.ChangeDraftAsync(model, pick.Draft, cancellationToken) is { } failure ? new JobOutcome.Failed(failure) : new JobOutcome.Succeeded();
    });

    /// <summary>Only what the PUT names: an older choice may have stopped fitting, which must not keep other settings from being changed.</summary>
    private async Task<Failure?> CheckDraftAsync(ModelEntry model, JsonElement body, ModelDefaults defaults, CancellationToken cancellationToken)
    {
        if (!body.TryGetProperty("draft_model", out _) || defaults.DraftModel is null or "" or "off" or "auto")
            return null;
        return await models.ResolveAsync(defaults.DraftModel, cancellationToken) switch
        {
            ModelResolution.Found found => pairs.Judge(model, found.Model).Failure,
            ModelResolution.NotFound missing => missing.Failure with { Param = "draft_model" },
            _ => throw new InvalidOperationException("a resolution has two outcomes"),
        };
    }

    private async Task<ModelEntry?> FindAsync(HttpContext context)
    {
        var path = context.Request.RouteValues["key"] as string ?? "";
        if (!path.EndsWith(Suffix, StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return null;
        }

        var resolution = await models.ResolveAsync(Uri.UnescapeDataString(path[..^Suffix.Length]), context.RequestAborted);
        if (resolution is ModelResolution.Found found)
            return found.Model;
        await ApiErrors.WriteAsync(context, ((ModelResolution.NotFound)resolution).Failure);
        return null;
    }

    private Task WriteAsync(HttpContext context, ModelEntry model)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(models.WithDefaults(model).Defaults.ToJson().ToJsonString(), context.RequestAborted);
    }
}

/// <summary>What requests and loads of a model get where they say nothing. For the document of the interface; settings are the worker contract's.</summary>
internal sealed record DefaultsBody
{
    /// <summary>Key of the draft, <c>auto</c> or <c>off</c>.</summary>
    public string? DraftModel { get; init; }

    /// <summary>Load settings, with the draft's own under <c>draft</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Load { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Sampling { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Speculation { get; init; }
}
