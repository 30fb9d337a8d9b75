using System.Security.Cryptography;
using Grpc.Core;
using Tandem.Host.Chat;
using Tandem.Host.Models;
using Tandem.Host.Workers;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>
/// A chat request's way to a worker: model, draft and their verdict, a leased worker, the rendered prompt. What comes back is read from
/// the <see cref="ChatSession"/>.
/// </summary>
internal sealed class ChatService(
    ModelCatalogue models, DraftPicker drafts, DraftSupport support, ModelServer server, ChatTemplate templates, LearnedFigures figures,
    AnswerLog answers, TimeProvider time)
{
    private static readonly TimeSpan LearnWithin = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the model to be loaded; the answer itself begins when the session is read.</summary>
    public async Task<ChatStart> StartAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        var resolution = await models.ResolveAsync(request.Model, cancellationToken);
        if (resolution is not ModelResolution.Found { Model: var model })
            return new ChatStart.Refused(((ModelResolution.NotFound)resolution).Failure);
        if (Unfit(model, request) is { } unfit)
            return new ChatStart.Refused(unfit);
        request = request with { Speculation = RequestDefaults.Apply(model.Defaults, request.Speculation) };
        var choice = support.Check(model, await drafts.ChooseAsync(model, request, cancellationToken), named: request.DraftModel is not null);
        if (choice.Failure is { } failure)
            return new ChatStart.Refused(failure);
        // Before the load: what cannot be rendered needs no worker.
        var rendered = request.Plain is null ? templates.Render(model, ChatOf(request), cancellationToken) : null;
        if (rendered is RenderResult.Refused unrendered)
            return new ChatStart.Refused(unrendered.Failure);
        var wanted = new LeaseRequest(model, choice.Draft) { InstanceId = InstanceNames.Asked(model.Key, request.Model), Ttl = request.Ttl };
        return await server.AcquireAsync(wanted, cancellationToken) switch
        {
            LeaseResult.Granted granted => Begin(granted.Lease, request, rendered as RenderResult.Rendered, choice),
            LeaseResult.Refused refused => new ChatStart.Refused(refused.Failure),
            _ => throw new InvalidOperationException("a lease is granted or refused"),
        };
    }

    /// <summary>What can be said before a worker is asked.</summary>
    private static Failure? Unfit(ModelEntry model, ChatRequest request)
    {
        if (model.Description?.Kind == ModelKind.Embedding)
            return new Failure(FailureCodes.NotSupported, $"{model.Key} makes embeddings; it cannot write.", "model", "Ask for a language model.");
        if (request.FirstImage is not { } image)
            return null;
        var why = model.Description?.AcceptsMedia == true ? $"Engine '{model.EngineId}' cannot show images to {model.Key} yet." : $"{model.Key} takes no images.";
        return new Failure(FailureCodes.ImagesNotSupported, why, image, "Send text parts only.");
    }

    private static ChatPrompt ChatOf(ChatRequest request) => new(request.Messages)
    {
        ContinueFinalMessage = request.ContinueFinalMessage,
        Arguments = request.TemplateArguments,
    };

    /// <param name="rendered">Null for a plain prompt.</param>
    private ChatStart Begin(Lease lease, ChatRequest request, RenderResult.Rendered? rendered, DraftPick choice)
    {
        var tokenizer = lease.Model.Description?.Tokenizer;
        var prompt = rendered is not null
            ? PromptBuilder.Of(rendered.Parts, tokenizer)
            : PromptBuilder.Of(request.Plain!, lease.Loaded.Tokenizer);
        if (prompt is null || (request.TopLogprobs is not null && !lease.Can("logprobs")))
        {
            var missing = prompt is null
                ? new Failure(FailureCodes.NotSupported, $"{lease.Model.Key} has no tokens for filling a gap.", "suffix", "Leave 'suffix' out.")
                : new Failure(FailureCodes.NotSupported, $"Engine '{lease.Model.EngineId}' gives no log probabilities.", "logprobs", "Leave 'logprobs' out.");
            lease.Dispose();
            return new ChatStart.Refused(missing);
        }

        var generate = RequestOf(lease, request, prompt, choice.Draft);
        if (lease.Check(generate) is { } failure)
        {
            lease.Dispose();
            return new ChatStart.Refused(failure);
        }

        var splitter = rendered is null ? null : new ReasoningSplitter(rendered.InsideReasoning);
        return new ChatStart.Started(new ChatSession(lease, generate, splitter, choice.Note ?? lease.DraftNote, request.ArrivedAt, time, LearnAsync, answers));
    }

    /// <summary>Keeps what the worker has learned of its models, now and then, for the next load.</summary>
    private async Task LearnAsync(Lease lease)
    {
        if (!figures.IsDue(lease.Model.Key))
            return;
        using var bound = new Deadline(LearnWithin, time, CancellationToken.None);
        try
        {
            var stats = await lease.Client.StatsAsync(new StatsRequest(), lease.CallOptions(bound.Token));
            await figures.LearnAsync(lease.Model.Key, lease.Runtime.Id, stats, bound.Token);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            // The next answer brings the figures.
        }
    }

    private static GenerateRequest RequestOf(Lease lease, ChatRequest request, Prompt prompt, ModelEntry? draft)
    {
        var generate = new GenerateRequest
        {
            RequestId = $"{(request.Plain is null ? "chatcmpl" : "cmpl")}-{RandomNumberGenerator.GetHexString(24, lowercase: true)}",
            Prompt = prompt,
            Sampling = RequestDefaults.Apply(lease.Model.Defaults, request.Sampling),
            Speculation = SpeculationOf(lease, request.Speculation, draft),
            Overflow = request.TruncateMiddle && lease.Can("overflow.truncate_middle") ? Overflow.TruncateMiddle : Overflow.Stop,
        };
        generate.Stop.Add(request.Stop);
        if (request.MaxTokens is { } most)
            generate.MaxTokens = (uint)most;
        if (request.Seed is { } seed)
            generate.Seed = seed;
        if (request.TopLogprobs is { } top)
            generate.TopLogprobs = (uint)top;
        if (!request.CachePrompt)
            generate.CachePrompt = false;
        return generate;
    }

    /// <summary>A worker may still have a draft that this request does not want, or not yet the one that it does: plain then.</summary>
    private static Protocol.Speculation SpeculationOf(Lease lease, SpeculationRequest asked, ModelEntry? wanted)
    {
        var draft = wanted is not null && lease.DraftNote is null ? lease.Loaded.Draft : null;
        var speculation = new Protocol.Speculation
        {
            // With a draft, what the request leaves open is the worker's choice. N-grams need none.
            Proposer = draft is not null ? asked.Proposer
                : asked.Proposer is Proposer.Ngram or Proposer.Combined ? Proposer.Ngram
                : Proposer.None,
        };
        if (speculation.Proposer == Proposer.None)
            return speculation;
        // Absent: the worker chooses by expected gain.
        if (asked.Length is { } length)
            speculation.Length = (uint)length;
        if (asked.MinLength is { } least)
            speculation.MinLength = (uint)least;
        if (asked.MinProbability is { } probability)
            speculation.MinProbability = probability;
        if (draft is not null)
            speculation.DraftRevision = draft.Revision;
        return speculation;
    }
}
