using Grpc.Core;
using Grpc.Health.V1;
using Tandem.Plugins;
using Tandem.Protocol;

namespace Tandem.Host.Workers;

/// <summary>
/// The slow steps of a worker's life. They hold no state and decide nothing: each ends in a result that goes back to the owner's loop,
/// also when it is cancelled (the owner cancels them when the process ends, so none outlives it).
/// </summary>
internal sealed class WorkerWork(IWorkerProcess process, WorkerChannel channel, WorkerTimes times, IProcessSystem processes)
{
    public async Task<HandshakeResult> HandshakeAsync(RuntimeInfo runtime, CancellationToken cancellationToken)
    {
        using var bound = Bound(times.Handshake, cancellationToken);
        try
        {
            return await channel.HandshakeAsync(runtime, bound.Token);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return new HandshakeResult.Refused(
                await ExplainAsync(exception, $"it did not answer the handshake within {times.Handshake.TotalSeconds:0.#} s", bound.Token));
        }
    }

    public async Task<LoadOutcome> LoadAsync(
        LoadModelRequest request, Action<LoadProgress> onProgress, HandshakeResponse handshake, CancellationToken cancellationToken)
    {
        var accepted = handshake.Settings.ToHashSet();
        if (SettingNames.Check(SettingNames.Of(request), accepted, handshake.Engine.Id) is { } unknown)
            return new LoadOutcome.Failed(new WorkerFault(unknown, Refused: true));
        using var stall = new StallWatch(times, () => processes.BytesReadBy(process.Pid), cancellationToken);
        try
        {
            using var call = channel.Client.LoadModel(LoadDefaults.Fill(request, accepted), channel.Options(stall.Token));
            LoadedModel? loaded = null;
            while (await call.ResponseStream.MoveNext(stall.Token))
            {
                stall.Reset();
                var response = call.ResponseStream.Current;
                if (response.Progress is { } progress)
                    onProgress(progress);
                loaded = response.Loaded ?? loaded;
            }

            return loaded is null ? Fault("it ended the load without saying what it loaded") : await ProveAsync(loaded, handshake, stall.Token);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            var refused = exception is RpcException call && WorkerCalls.RefusalOf(call) is not null;
            return new LoadOutcome.Failed(new WorkerFault(
                await ExplainAsync(exception, $"loading stood still for {times.LoadStall.TotalSeconds:0.#} s", stall.Token), refused));
        }
    }

    public async Task<DraftChange> AttachAsync(DraftModel draft, HandshakeResponse handshake, CancellationToken cancellationToken)
    {
        if (SettingNames.Check(SettingNames.Of(draft), handshake.Settings.ToHashSet(), handshake.Engine.Id) is { } unknown)
            return new DraftChange.Failed(unknown);
        using var stall = new StallWatch(times, () => processes.BytesReadBy(process.Pid), cancellationToken);
        try
        {
            using var call = channel.Client.AttachDraft(new AttachDraftRequest { Draft = draft }, channel.Options(stall.Token));
            DraftInfo? attached = null;
            while (await call.ResponseStream.MoveNext(stall.Token))
            {
                stall.Reset();
                attached = call.ResponseStream.Current.Attached?.Draft ?? attached;
            }

            return attached is null
                ? new DraftChange.Failed(new Failure(FailureCodes.ModelLoadFailed, "The worker did not say that it attached the draft."))
                : new DraftChange.Changed(attached);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return new DraftChange.Failed(await ExplainAsync(
                exception, $"attaching the draft stood still for {times.LoadStall.TotalSeconds:0.#} s", stall.Token));
        }
    }

    public async Task<DraftChange> DetachAsync(CancellationToken cancellationToken)
    {
        using var bound = Bound(times.Handshake, cancellationToken);
        try
        {
            await channel.Client.DetachDraftAsync(new DetachDraftRequest(), channel.Options(bound.Token));
            return new DraftChange.Changed(null);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            return new DraftChange.Failed(await ExplainAsync(
                exception, $"it did not remove the draft within {times.Handshake.TotalSeconds:0.#} s", bound.Token));
        }
    }

    /// <summary>Lets running answers finish, as long as they may.</summary>
    public async Task DrainAsync()
    {
        using var bound = Bound(times.Drain, CancellationToken.None);
        await IgnoreAsync(channel.Client.DrainAsync(new DrainRequest(), channel.Options(bound.Token)).ResponseAsync);
    }

    /// <summary>The stop ladder: ask, terminate, kill, wait for the whole group. Each step is bounded and none can skip the next.</summary>
    public async Task StopAsync()
    {
        if (!process.Exited.IsCompleted)
        {
            using var bound = Bound(times.Shutdown, CancellationToken.None);
            var asked = IgnoreAsync(channel.Client.ShutdownAsync(new ShutdownRequest(), channel.Options(bound.Token)).ResponseAsync);
            await times.EndsWithinAsync(Task.WhenAll(asked, process.Exited), times.Shutdown);
        }

        await process.StopAsync(times.Terminate);
    }

    /// <summary>Looks at the worker every so often, for as long as it works; ends with what is wrong when it hangs.</summary>
    public async Task<Failure> WatchAsync(Func<bool> isBusy, Action<StatsResponse> onStats, CancellationToken cancellationToken)
    {
        var watch = new HangWatch(times);
        while (true)
        {
            if (watch.Judge(await LookAsync(isBusy(), onStats, cancellationToken)) is { } reason)
            {
                return new Failure(
                    FailureCodes.WorkerCrashed, $"The worker was ended because {reason}.", NextStep: "Ask again; if it happens again, look at the worker's log.");
            }

            await Task.Delay(isBusy() ? times.LookBusy : times.LookIdle, times.Clock, cancellationToken);
        }
    }

    private async Task<WorkerLook> LookAsync(bool busy, Action<StatsResponse> onStats, CancellationToken cancellationToken)
    {
        var cpu = processes.CpuTimeOf(process.Pid);
        using var bound = Bound(times.HealthAnswer, cancellationToken);
        try
        {
            await channel.Health.CheckAsync(new HealthCheckRequest(), channel.Options(bound.Token));
            var stats = await channel.Client.StatsAsync(new StatsRequest(), channel.Options(bound.Token));
            onStats(stats);
            return new WorkerLook(true, true, busy ? WorkOf(stats) : null);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Not the bound: the connection broke or the call was refused, and its exit tells more, if it comes.
            var waited = bound.Token.IsCancellationRequested;
            return new WorkerLook(!waited, !waited || HasMoved(cpu, processes.CpuTimeOf(process.Pid)), null);
        }
    }

    /// <summary>A sleeping runtime's own timers do not count as work.</summary>
    private bool HasMoved(TimeSpan? before, TimeSpan? after) =>
        before is not { } start || after is not { } end || end - start > times.HealthAnswer * 0.01;

    private static WorkSeen WorkOf(StatsResponse stats) => new(
        stats.Slots.Any(slot => slot.Phase is Slot.Types.Phase.Prompt or Slot.Types.Phase.Decode),
        stats.Steps + stats.Heartbeats,
        TimeSpan.FromSeconds(stats.Slowest?.Points.Select(point => point.Seconds).DefaultIfEmpty().Max() ?? 0));

    /// <summary>Ready means more than loaded: it answers on the thread that never computes, and one token (or embedding) really comes.</summary>
    private async Task<LoadOutcome> ProveAsync(LoadedModel loaded, HandshakeResponse handshake, CancellationToken cancellationToken)
    {
        if (await CheckHealthAsync(loaded, cancellationToken) is LoadOutcome.Failed failed)
            return failed;
        var prompt = new Prompt { AddSpecial = true, Segments = { new Segment { Text = new TextSegment { Text = "Hi" } } } };
        if (!loaded.CanGenerate)
        {
            if (loaded.CanEmbed)
                await channel.Client.EmbedAsync(new EmbedRequest { Inputs = { prompt } }, channel.Options(cancellationToken));
            return new LoadOutcome.Ready(loaded);
        }

        var request = new GenerateRequest { RequestId = WorkerContract.ReadinessRequest, Prompt = prompt };
        if (handshake.Settings.Contains("max_tokens"))
            request.MaxTokens = 1;
        using var call = channel.Client.Generate(request, channel.Options(cancellationToken));
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            // A text that is over before it begins is an answer too.
            if (call.ResponseStream.Current is { Step: not null } or { Finished: not null })
                return new LoadOutcome.Ready(loaded);
        }

        return Fault("it loaded the model and produces no token");
    }

    private async Task<LoadOutcome> CheckHealthAsync(LoadedModel loaded, CancellationToken cancellationToken)
    {
        using var bound = Bound(times.Health, cancellationToken);
        var answer = await channel.Health.CheckAsync(new HealthCheckRequest(), channel.Options(bound.Token));
        return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
            ? new LoadOutcome.Ready(loaded)
            : Fault($"it loaded the model and reports itself as {answer.Status}");
    }

    private static LoadOutcome.Failed Fault(string what) =>
        new(new WorkerFault(new Failure(FailureCodes.RuntimeBroken, $"The worker failed: {what}.", NextStep: "Look at the worker's log."), Refused: false));

    /// <param name="bound">What was waited with; cancelled when it was our bound that ended the call.</param>
    private async Task<Failure> ExplainAsync(Exception exception, string onTimeout, CancellationToken bound)
    {
        if (exception is RpcException call && (WorkerCalls.RefusalOf(call) is not null || !bound.IsCancellationRequested))
            return await WorkerCalls.ExplainAsync(call, process, times);
        return await times.EndsWithinAsync(process.Exited, times.ExitNotice)
            ? WorkerCalls.Crash(await process.Exited)
            : new Failure(FailureCodes.ModelLoadFailed, $"The worker failed: {onTimeout}.", NextStep: "Look at the worker's log.");
    }

    private Deadline Bound(TimeSpan bound, CancellationToken cancellationToken) => new(bound, times.Clock, cancellationToken);

    private static async Task IgnoreAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // The next step of the ladder does not depend on the answer.
        }
    }
}
