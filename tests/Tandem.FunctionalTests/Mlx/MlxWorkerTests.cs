using System.Globalization;
using Grpc.Core;
using Tandem.Engine.Worker;
using Tandem.FunctionalTests.Interop;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>The MLX worker as a process, spoken to as the supervisor does.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxWorkerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_client_that_shares_no_code_with_it_works_with_the_worker()
    {
        var runtime = await MlxRuntime.RequireAsync();
        var python = await PythonEnvironment.RequireAsync();
        await using var worker = await WorkerUnderTest.StartAsync(runtime.Worker());
        Assert.True(worker.Line is not null, await FirstErrorsAsync(worker));

        var result = await PythonInteropTests.RunClientAsync(python, worker, "mlx", MlxRuntime.Model("storyteller-mlx"));

        output.WriteLine($"socket answers after {worker.StartSeconds:0.000} s (goal 0.3)");
        Assert.True(worker.StartSeconds < 3, $"{worker.StartSeconds} s");
        Assert.Equal("llama", result.GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task A_worker_without_its_token_cannot_be_called_and_every_refusal_has_its_detail()
    {
        await using var worker = await StartAsync();
        var stranger = new Protocol.Engine.EngineClient(worker.WithoutToken);
        var refused = await Assert.ThrowsAsync<RpcException>(() => stranger.StatsAsync(new StatsRequest()).ResponseAsync);
        Assert.Equal((StatusCode.Unauthenticated, "invalid_token"), (refused.StatusCode, Refusal.DetailOf(refused)?.Code));
        var early = await Assert.ThrowsAsync<RpcException>(() => worker.Client.TokenizeAsync(new TokenizeRequest()).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "no_model"), (early.StatusCode, Refusal.DetailOf(early)?.Code));
        var wrong = await Assert.ThrowsAsync<RpcException>(() => worker.Client.HandshakeAsync(
            new HandshakeRequest { ProtocolMin = 7, ProtocolMax = 9, Challenge = Google.Protobuf.ByteString.CopyFrom(new byte[32]) }).ResponseAsync);
        Assert.Equal("protocol_mismatch", Refusal.DetailOf(wrong)?.Code);
        var embeds = await Assert.ThrowsAsync<RpcException>(() => worker.Client.EmbedAsync(new EmbedRequest()).ResponseAsync);
        Assert.Equal((StatusCode.Unimplemented, "not_supported"), (embeds.StatusCode, Refusal.DetailOf(embeds)?.Code));
    }

    [Fact]
    public async Task A_draft_of_another_engine_is_refused_by_the_worker_itself()
    {
        await using var worker = await StartAsync();
        await LoadAsync(worker);
        var draft = new DraftModel { EngineId = "llama.cpp", Model = new ModelReference { Path = "/draft.gguf", Key = "tandem/storyteller-draft" } };
        using var call = worker.Client.AttachDraft(new AttachDraftRequest { Draft = draft });
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("draft_engine_mismatch", Refusal.DetailOf(refused)?.Code);
        var verdict = await worker.Client.CheckDraftAsync(new CheckDraftRequest { Draft = draft.Model, DraftEngineId = "llama.cpp" });
        Assert.Equal((Verdict.Refused, "engine"), (verdict.Verdict, Assert.Single(verdict.Failed).Check));
    }

    [Fact]
    public async Task Health_answers_while_an_answer_is_written_and_a_cancelled_one_ends_at_once()
    {
        await using var worker = await StartAsync();
        await LoadAsync(worker);
        using var call = worker.Client.Generate(Endless());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var health = new Grpc.Health.V1.Health.HealthClient(worker.WithToken);
        var slowest = TimeSpan.Zero;
        for (var ask = 0; ask < 20; ask++)
        {
            var asked = TimeProvider.System.GetTimestamp();
            await health.CheckAsync(new Grpc.Health.V1.HealthCheckRequest());
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, TimeProvider.System.GetElapsedTime(asked).Ticks));
        }
        var cancelled = TimeProvider.System.GetTimestamp();
        call.Dispose();
        await Until.TrueAsync(() => worker.Client.Stats(new StatsRequest()).Slots.All(slot => slot.Phase == Slot.Types.Phase.Idle));
        var ended = TimeProvider.System.GetElapsedTime(cancelled);
        output.WriteLine($"slowest health answer {slowest.TotalMilliseconds:0} ms; cancelled after {ended.TotalMilliseconds:0} ms (goal 100)");
        Assert.True(slowest < TimeSpan.FromSeconds(2) && ended < TimeSpan.FromSeconds(1), $"{slowest} {ended}");
        var stats = await worker.Client.StatsAsync(new StatsRequest());
        Assert.True(stats.TokensEmitted > 0 && stats.RequestsFinished == 1);
    }

    [Theory]
    [InlineData("while it imports")]
    [InlineData("idle")]
    [InlineData("while it answers")]
    public async Task A_worker_whose_input_ends_is_gone_with_its_group(string state)
    {
        await using var worker = await StartAsync();
        var pid = worker.Line!.Pid;
        if (state != "while it imports")
            await LoadAsync(worker);
        using var call = state == "while it answers" ? worker.Client.Generate(Endless()) : null;
        if (call is not null)
            await call.ResponseStream.MoveNext(CancellationToken.None);
        worker.Process.StandardInput.Close();
        Assert.Equal(137, await worker.ExitAsync());
        Assert.Empty(ProcessList.InGroup(pid));
    }

    [Fact]
    public async Task A_worker_that_is_told_to_end_finishes_its_answers_and_exits_with_zero()
    {
        await using var worker = await StartAsync();
        await LoadAsync(worker);
        using var call = worker.Client.Generate(Endless());
        await call.ResponseStream.MoveNext(CancellationToken.None);
        await worker.Client.ShutdownAsync(new ShutdownRequest());
        var last = await call.ResponseStream.ReadAllAsync().LastAsync();
        Assert.Equal(FinishReason.ModelUnloaded, last.Finished.Reason);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_worker_that_is_terminated_by_its_supervisor_exits_with_zero()
    {
        await using var worker = await StartAsync();
        Assert.Equal(0, Signals.Send(worker.Line!.Pid, CommandUnderTest.Sigterm));
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_worker_whose_supervisor_is_not_its_parent_ends_before_it_listens()
    {
        var runtime = await MlxRuntime.RequireAsync();
        var start = runtime.Worker();
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment[WorkerContract.TokenVariable] = "secret";
        start.Environment[WorkerContract.SupervisorPidVariable] = 1.ToString(CultureInfo.InvariantCulture);
        using var process = await SpawnThread.StartAsync(start);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync().WaitAsync(WorkerUnderTest.Bound));
        await process.WaitForExitAsync();
        Assert.Equal(137, process.ExitCode);
    }

    internal static GenerateRequest Endless() => new()
    {
        RequestId = "endless",
        Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = "Once upon a time" } } } },
        Sampling = new Sampling { Temperature = 0, IgnoreEos = true },
    };

    internal static async Task<LoadedModel> LoadAsync(WorkerUnderTest worker, string model = "storyteller-mlx")
    {
        using var call = worker.Client.LoadModel(new LoadModelRequest
        {
            EngineId = "mlx",
            Model = new ModelReference { Path = MlxRuntime.Model(model), Key = $"tandem/{model}" },
        });
        return (await call.ResponseStream.ReadAllAsync().LastAsync()).Loaded;
    }

    private static async Task<WorkerUnderTest> StartAsync()
    {
        var runtime = await MlxRuntime.RequireAsync();
        var worker = await WorkerUnderTest.StartAsync(runtime.Worker());
        Assert.True(worker.Line is not null, await FirstErrorsAsync(worker));
        return worker;
    }

    private static async Task<string> FirstErrorsAsync(WorkerUnderTest worker) =>
        worker.Line is null ? $"no start line but '{worker.FirstLine}': {await worker.ErrorsAsync()}" : "";
}
