using System.Diagnostics;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Interop;

/// <summary>The llama.cpp worker, asked directly, without a supervisor that would have refused before it.</summary>
[Trait("Tier", "Functional")]
public sealed class ForeignDraftTests
{
    [Fact]
    public async Task An_mlx_draft_is_refused_at_load_and_at_attach_and_the_model_serves_on()
    {
        await using var worker = await WorkerUnderTest.StartAsync(new ProcessStartInfo(LlamaWorker.Executable), LlamaWorker.RequireRuntime());
        var models = Path.Combine(Repository.Root, "host", "models", "tandem");
        var foreign = new DraftModel
        {
            EngineId = "mlx",
            Model = new ModelReference { Path = Path.Combine(models, "storyteller-draft-mlx"), Key = "tandem/storyteller-draft-mlx" },
        };
        var load = new LoadModelRequest
        {
            EngineId = "llama.cpp",
            Model = new ModelReference { Path = Path.Combine(models, "storyteller", "storyteller.gguf"), Key = "tandem/storyteller" },
        };
        using (var loading = worker.Client.LoadModel(new LoadModelRequest(load) { Draft = foreign, DraftRequired = true }))
            await RefusedAsync(async () => await loading.ResponseStream.ReadAllAsync().LastAsync());
        using (var loading = worker.Client.LoadModel(load))
            Assert.NotNull((await loading.ResponseStream.ReadAllAsync().LastAsync()).Loaded);
        using (var attaching = worker.Client.AttachDraft(new AttachDraftRequest { Draft = foreign }))
            await RefusedAsync(async () => await attaching.ResponseStream.ReadAllAsync().LastAsync());

        var verdict = await worker.Client.CheckDraftAsync(new CheckDraftRequest { Draft = foreign.Model, DraftEngineId = "mlx" });
        Assert.Equal((Verdict.Refused, "engine"), (verdict.Verdict, Assert.Single(verdict.Failed).Check));
        using var answer = worker.Client.Generate(new GenerateRequest
        {
            Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = "Once upon a time" } } } },
            MaxTokens = 8,
        });
        Assert.NotEqual(FinishReason.Unspecified, (await answer.ResponseStream.ReadAllAsync().LastAsync()).Finished.Reason);
    }

    /// <summary>With both engines in the message.</summary>
    private static async Task RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal("draft_engine_mismatch", Refusal.DetailOf(refused)?.Code);
        Assert.Contains("mlx", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("llama.cpp", refused.Status.Detail, StringComparison.Ordinal);
    }
}
