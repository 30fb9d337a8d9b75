using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tandem.Host.Bench;
using Tandem.Host.Jobs;

namespace Tandem.Host.Api.Management;

/// <summary><c>/api/tandem/bench</c>: measuring answers with a job whose result is the report; what was measured before.</summary>
internal sealed class BenchEndpoint(BenchRunner runner, BenchHistory history, JobService jobs)
{
    public async Task StartAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (body.Failure is { } unreadable)
        {
            await ApiErrors.WriteAsync(context, unreadable);
            return;
        }

        var problems = new FieldProblems();
        var request = Read(body.Root, problems);
        if (problems.First is { } problem)
        {
            await ApiErrors.WriteAsync(context, problem);
            return;
        }

        var (model, ways, failure) = await runner.PlanAsync(request, context.RequestAborted);
        if (model is null)
        {
            await ApiErrors.WriteAsync(context, failure!);
            return;
        }

        var job = jobs.Start("bench", $"Measuring {model.Key}", (job, cancellationToken) => runner.RunAsync(request, model, ways, job, cancellationToken));
        await JobsEndpoint.AcceptedAsync(context, job);
    }

    public async Task ListAsync(HttpContext context) => await context.Response.WriteAsJsonAsync(
        new BenchReports(await history.ListAsync(context.Request.Query["model"], context.RequestAborted)),
        BenchJson.Wire.BenchReports, cancellationToken: context.RequestAborted);

    private static BenchRequest Read(JsonElement body, FieldProblems problems)
    {
        var fields = new JsonFields(body, "", problems);
        var model = fields.Text("model");
        if (string.IsNullOrWhiteSpace(model))
            problems.Add("model", "the name of a model");
        var request = new BenchRequest { Model = model ?? "" };
        var prompts = Texts(fields, "prompts", problems);
        return request with
        {
            Drafts = Texts(fields, "drafts", problems),
            Prompts = prompts.Count == 0 ? request.Prompts : [.. prompts.Select(BenchPrompt.Own)],
            Rounds = fields.Whole("rounds", 1, BenchRequest.MostRounds) ?? request.Rounds,
            MaxTokens = fields.Whole("max_tokens", 1, BenchRequest.MostTokens) ?? request.MaxTokens,
            Temperature = fields.Number("temperature", 0, 2),
        };
    }

    private static List<string> Texts(JsonFields fields, string name, FieldProblems problems)
    {
        if (fields.Find(name) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > BenchRequest.MostPrompts)
        {
            problems.Add(fields.PathOf(name), $"a list of at most {BenchRequest.MostPrompts} texts");
            return [];
        }

        return [.. value.EnumerateArray().Select((item, index) => JsonFields.TextOf(item, $"{fields.PathOf(name)}[{index}]", problems)).OfType<string>().Where(text => text.Length > 0)];
    }
}
