using System.Text.Json;
using Tandem.Host.Chat;
using Tandem.Host.Jobs;
using Tandem.Host.Models;
using Tandem.Host.Pairs;
using Tandem.Host.Runtimes;
using Tandem.Host.Serving;
using Tandem.Protocol;

namespace Tandem.Host.Bench;

/// <summary>
/// Measures a model without a draft, with each draft and with n-grams, on the way every chat takes. The ways take turns, a round of all prompts
/// each, so that whatever else the machine does meets all of them. What was found is kept for the pair.
/// </summary>
internal sealed class BenchRunner(
    ModelCatalogue models, PairJudge pairs, ChatService chats, RuntimeCatalogue runtimes, LearnedFigures figures, BenchHistory history, TimeProvider time)
{
    private const int DraftsTried = 3;
    private const int WarmUpTokens = 8;

    /// <summary>What names the benchmark, or why there is none. Nothing has run yet.</summary>
    public async Task<(ModelEntry? Model, IReadOnlyList<BenchWay> Ways, Failure? Failure)> PlanAsync(BenchRequest request, CancellationToken cancellationToken)
    {
        var found = await models.ResolveAsync(request.Model, cancellationToken);
        if (found is not ModelResolution.Found { Model: var model })
            return (null, [], ((ModelResolution.NotFound)found).Failure);
        var drafts = new List<ModelEntry>();
        foreach (var name in request.Drafts)
        {
            var resolution = await models.ResolveAsync(name, cancellationToken);
            if (resolution is not ModelResolution.Found { Model: var draft })
                return (null, [], ((ModelResolution.NotFound)resolution).Failure with { Param = "drafts" });
            if (pairs.Judge(model, draft).Failure is { } failure)
                return (null, [], failure with { Param = "drafts" });
            drafts.Add(draft);
        }

        if (request.Drafts.Count == 0)
            drafts = await ChooseAsync(model, cancellationToken);
        return (model, WaysOf(drafts), null);
    }

    public async Task<JobOutcome> RunAsync(BenchRequest request, ModelEntry model, IReadOnlyList<BenchWay> ways, Job job, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var samples = new List<BenchSamples>();
        string runtime = "";
        foreach (var way in ways)
        {
            job.Report(0, $"loading for {NameOf(way)}");
            var (warm, failure) = await AskAsync(request with { MaxTokens = WarmUpTokens }, model, way, request.Prompts[0], cancellationToken);
            if (failure is not null && way.Name is null)
                return new JobOutcome.Failed(failure);
            if (failure is not null || warm?.Note is { Length: > 0 })
                problems.Add($"{NameOf(way)}: {failure?.Message ?? warm!.Note}");
            else
                samples.Add(new BenchSamples(way));
            runtime = warm?.Runtime ?? runtime;
        }

        var (done, all) = (0, request.Rounds * request.Prompts.Count * samples.Count);
        for (var round = 0; round < request.Rounds; round++)
        {
            foreach (var sample in samples)
            {
                foreach (var prompt in request.Prompts)
                {
                    job.Report(done++ / (double)all, $"{NameOf(sample.Way)}: {prompt.Name}, round {round + 1} of {request.Rounds}");
                    // What the worker has learned by then is kept.
                    if (round == request.Rounds - 1 && prompt == request.Prompts[^1])
                        figures.MakeDue(model.Key);
                    var (answer, failure) = await AskAsync(request, model, sample.Way, prompt, cancellationToken);
                    if (failure is not null)
                        return new JobOutcome.Failed(failure);
                    sample.Add(round, prompt, answer!.Statistics);
                }
            }
        }

        var report = Describe(request, model, samples, runtime, problems);
        await history.KeepAsync(report, cancellationToken);
        return new JobOutcome.Succeeded(JsonSerializer.SerializeToElement(report, BenchJson.Wire.BenchReport));
    }

    private static string NameOf(BenchWay way) => way.Name ?? "no draft";

    private async Task<List<ModelEntry>> ChooseAsync(ModelEntry model, CancellationToken cancellationToken)
    {
        var drafts = new List<ModelEntry>();
        if (model.Defaults.DraftModel is { Length: > 0 } key
            && await models.ResolveAsync(key, cancellationToken) is ModelResolution.Found { Model: var usual } && pairs.Judge(model, usual).Failure is null)
        {
            drafts.Add(usual);
        }

        drafts.AddRange(pairs.FindDrafts(model).Select(found => found.Model).Where(draft => draft.Key != drafts.FirstOrDefault()?.Key));
        return [.. drafts.Take(DraftsTried)];
    }

    private static List<BenchWay> WaysOf(IEnumerable<ModelEntry> drafts) =>
    [
        new BenchWay(null, null, "off", new SpeculationRequest()),
        .. drafts.Select(draft => new BenchWay(draft.Key, draft.Description?.Quantization, draft.Key, new SpeculationRequest())),
        new BenchWay(BenchRow.NGram, null, "off", new SpeculationRequest(Proposer.Ngram, LengthGiven: true)),
    ];

    private async Task<(Answered? Answer, Failure? Failure)> AskAsync(
        BenchRequest request, ModelEntry model, BenchWay way, BenchPrompt prompt, CancellationToken cancellationToken)
    {
        var chat = new ChatRequest
        {
            Model = model.Key,
            Messages = [new ChatMessage("user", prompt.Text)],
            DraftModel = way.DraftModel,
            Speculation = way.Speculation,
            Sampling = request.Temperature is { } temperature ? new Sampling { Temperature = temperature } : new Sampling(),
            MaxTokens = request.MaxTokens,
            // Every answer starts cold, or the time to the first token would say nothing.
            CachePrompt = false,
            ArrivedAt = time.GetTimestamp(),
        };
        switch (await chats.StartAsync(chat, cancellationToken))
        {
            case ChatStart.Refused refused:
                return (null, refused.Failure);
            case ChatStart.Started { Session: var session }:
                using (session)
                {
                    await foreach (var happened in session.ReadAsync(cancellationToken))
                    {
                        if (happened is ChatEvent.Failed failed)
                            return (null, failed.Failure);
                        if (happened is ChatEvent.Completed { Statistics: var statistics })
                            return (new Answered(statistics, statistics.SpeculationNote, session.Runtime.Id), null);
                    }
                }

                break;
        }

        return (null, new Failure(FailureCodes.WorkerCrashed, $"{model.Key} ended an answer without its figures."));
    }

    private BenchReport Describe(BenchRequest request, ModelEntry model, List<BenchSamples> samples, string runtime, List<string> problems)
    {
        var machine = runtimes.Machine;
        var heading = new BenchHeading(
            model.EngineId, runtime, Telemetry.Machine.ProcessorName, Environment.ProcessorCount,
            machine.Accelerators is [var accelerator, ..] ? accelerator.Name : null, Telemetry.Machine.Memory().Total,
            System.Runtime.InteropServices.RuntimeInformation.OSDescription, typeof(BenchRunner).Assembly.GetName().Version?.ToString(3) ?? "");
        return new BenchReport(
            heading, model.Key, model.Description?.Quantization ?? "", time.GetUtcNow(), request.Rounds,
            [.. samples.Select(sample => sample.Describe(samples[0]))], problems);
    }

    private sealed record Answered(ChatStatistics Statistics, string? Note, string Runtime);
}
