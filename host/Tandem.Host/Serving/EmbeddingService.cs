using Grpc.Core;
using Tandem.Host.Models;
using Tandem.Protocol;

namespace Tandem.Host.Serving;

/// <summary>Outcome of embedding a batch.</summary>
internal abstract record EmbeddingResult
{
    public sealed record Made(ModelEntry Model, IReadOnlyList<Embedding> Embeddings) : EmbeddingResult;

    public sealed record Refused(Failure Failure) : EmbeddingResult;
}

/// <summary>An embedding request's way to a worker.</summary>
internal sealed class EmbeddingService(ModelCatalogue models, ModelServer server)
{
    /// <param name="model">Model as asked for.</param>
    /// <param name="inputs">Texts or token ids; marks in a text stay text.</param>
    public async Task<EmbeddingResult> EmbedAsync(string model, IReadOnlyList<PlainPrompt> inputs, CancellationToken cancellationToken)
    {
        var resolution = await models.ResolveAsync(model, cancellationToken);
        if (resolution is not ModelResolution.Found { Model: var entry })
            return new EmbeddingResult.Refused(((ModelResolution.NotFound)resolution).Failure);
        var leased = await server.AcquireAsync(new LeaseRequest(entry, null), cancellationToken);
        if (leased is LeaseResult.Refused refused)
            return new EmbeddingResult.Refused(refused.Failure);
        using var lease = ((LeaseResult.Granted)leased).Lease;
        if (!lease.Loaded.CanEmbed)
        {
            return new EmbeddingResult.Refused(new Failure(FailureCodes.NotSupported,
                $"{entry.Key} makes no embeddings.", "model", "Ask for an embedding model."));
        }

        var request = new EmbedRequest { Overflow = Overflow.Stop };
        request.Inputs.Add(inputs.Select(PromptOf));
        try
        {
            var response = await lease.Client.EmbedAsync(request, lease.CallOptions(cancellationToken));
            return new EmbeddingResult.Made(entry, response.Embeddings);
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException exception)
        {
            return new EmbeddingResult.Refused(await lease.ExplainAsync(exception));
        }
    }

    private static Prompt PromptOf(PlainPrompt input) => input.Tokens is { } ids
        ? new Prompt { Segments = { new Segment { Tokens = new TokenSegment { Ids = { ids } } } } }
        : new Prompt { AddSpecial = true, Segments = { new Segment { Text = new TextSegment { Text = input.Text ?? "" } } } };
}
