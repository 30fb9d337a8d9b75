using System.Collections.Concurrent;
using FakeEngine.Scripts;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Tandem.Engine.Worker;
using Tandem.Protocol;

namespace FakeEngine;

/// <summary>The worker contract as the script has it. Loading and drafts: FakeService.Loading.cs.</summary>
internal sealed partial class FakeService(WorkerIdentity identity, FakeScript process, TimeProvider time) : Tandem.Protocol.Engine.EngineBase
{
    private readonly ConcurrentDictionary<long, Running> _running = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile FakeModel? _model;
    private volatile bool _draining;
    private int _loading;
    private int _waiting;
    private int _active;
    private long _lastId;
    private uint _finishedWhileDraining;

    public override async Task<HandshakeResponse> Handshake(HandshakeRequest request, ServerCallContext context)
    {
        await FaultPoint.PassAsync(process.Faults.Handshake, context.CancellationToken);
        var facts = process.Engine;
        var answer = HandshakeAnswer.Create(identity, request, new EngineInfo
        {
            Id = FakeDefaults.EngineId,
            Version = facts.Version,
            Build = facts.Build,
            WorkerVersion = "1.0.0",
        });
        answer.Capabilities.Add(facts.Capabilities ?? FakeDefaults.Capabilities);
        answer.Settings.Add(facts.Settings ?? FakeDefaults.Settings);
        answer.Devices.Add(Devices());
        if (process.Faults.WrongProof)
            answer.Proof = ByteString.CopyFrom(WorkerContract.Prove("another token", request.Challenge.Span));
        if (process.Faults.Protocol > 0)
            answer.Protocol = process.Faults.Protocol;
        return answer;
    }

    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        Interlocked.Increment(ref _active);
        try
        {
            var model = Admitting();
            if (!model.Script.CanGenerate)
                throw Refusal.FailedPrecondition("not_supported", "the loaded model makes embeddings only");
            Check(request);
            if (request.RequestId == WorkerContract.ReadinessRequest)
                await ProveReadyAsync(model, responseStream, context.CancellationToken);
            else
                await AnswerAsync(model, request, responseStream, context.CancellationToken);
            if (_draining)
                Interlocked.Increment(ref _finishedWhileDraining);
        }
        catch (DisconnectException)
        {
            context.GetHttpContext().Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        }
        finally
        {
            if (Interlocked.Decrement(ref _active) == 0 && _draining)
                _drained.TrySetResult();
        }
    }

    public override Task<TokenizeResponse> Tokenize(TokenizeRequest request, ServerCallContext context)
    {
        var tokenizer = Loaded().Tokenizer;
        var ids = tokenizer.Encode(request.Prompt);
        var answer = new TokenizeResponse { Ids = { ids } };
        if (request.WithPieces)
            answer.Pieces.Add(ids.Select(id => tokenizer.Piece(id, withControl: true)));
        return Task.FromResult(answer);
    }

    public override Task<DetokenizeResponse> Detokenize(DetokenizeRequest request, ServerCallContext context)
        => Task.FromResult(new DetokenizeResponse { Text = ByteString.CopyFrom(Loaded().Tokenizer.Decode(request.Ids, request.WithControl)) });

    public override Task<EmbedResponse> Embed(EmbedRequest request, ServerCallContext context)
    {
        var model = Admitting();
        if (!model.Script.CanEmbed)
            throw Refusal.FailedPrecondition("not_supported", "the loaded model makes no embeddings");
        var answer = new EmbedResponse();
        foreach (var input in request.Inputs)
        {
            var ids = model.Tokenizer.Encode(input);
            if (ids.Count > model.Settings.ContextLength)
                throw Refusal.InvalidArgument("context_length_exceeded", "inputs", $"an input has {ids.Count} tokens");
            answer.Embeddings.Add(EmbeddingOf(ids, (int)model.Script.EmbeddingLength, request is not { HasNormalize: true, Normalize: false }));
        }

        return Task.FromResult(answer);
    }

    public override Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context)
    {
        var model = _model;
        var stats = new StatsResponse
        {
            State = _draining ? StatsResponse.Types.State.Draining
                : model is not null ? StatsResponse.Types.State.Ready
                : Volatile.Read(ref _loading) == 1 ? StatsResponse.Types.State.Loading
                : StatsResponse.Types.State.Empty,
            Waiting = (uint)Volatile.Read(ref _waiting),
            ResidentPrivate = (ulong)Environment.WorkingSet,
        };
        // A copy first: sorting what changes meanwhile sees places that are empty.
        stats.Slots.Add(_running.ToArray().OrderBy(running => running.Key).Select(running => running.Value.Slot((uint)running.Key, time)));
        stats.KvUsed = (uint)stats.Slots.Sum(slot => slot.Tokens);
        if (model is null)
            return Task.FromResult(stats);
        stats.KvSize = model.Settings.ContextLength;
        stats.Memory.Add(model.Memory());
        stats.Draft = model.Draft;
        model.Totals.WriteTo(stats);
        return Task.FromResult(stats);
    }

    public override async Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context)
    {
        _draining = true;
        if (Volatile.Read(ref _active) == 0)
            _drained.TrySetResult();
        await _drained.Task.WaitAsync(context.CancellationToken);
        return new DrainResponse { Finished = Volatile.Read(ref _finishedWhileDraining) };
    }

    public override Task<ShutdownResponse> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        identity.Lifetime.RequestStop();
        return Task.FromResult(new ShutdownResponse());
    }

    private FakeModel Loaded() => _model ?? throw Refusal.FailedPrecondition("no_model", "no model is loaded", "Call LoadModel first.");

    private FakeModel Admitting() => _draining ? throw Refusal.Unavailable(WorkerContract.Draining, "this worker takes no more requests") : Loaded();

    private void Check(GenerateRequest request)
    {
        var capabilities = process.Engine.Capabilities ?? FakeDefaults.Capabilities;
        var constraint = request.Constraint?.GrammarCase switch
        {
            Constraint.GrammarOneofCase.JsonSchema => "constraint.json_schema",
            Constraint.GrammarOneofCase.Gbnf => "constraint.gbnf",
            Constraint.GrammarOneofCase.Regex => "constraint.regex",
            _ => "",
        };
        if (constraint.Length > 0 && !capabilities.Contains(constraint))
            throw Refusal.NotSupported("constraint", $"this worker does not have the capability {constraint}");
        if (request.Overflow is Overflow.TruncateMiddle or Overflow.RollingWindow)
            throw Refusal.NotSupported("overflow", "the fake engine stops when the context is full and does nothing else");
        if (request.Stop.Count > 64 || request.Stop.Any(stop => System.Text.Encoding.UTF8.GetByteCount(stop) is 0 or > 1024))
            throw Refusal.InvalidArgument("invalid_value", "stop", "at most 64 stop strings of 1 to 1,024 bytes");
    }

    private async Task AnswerAsync(
        FakeModel model, GenerateRequest request, IServerStreamWriter<GenerateResponse> stream, CancellationToken cancellationToken)
    {
        var stopping = identity.Lifetime.Stopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        var asked = time.GetTimestamp();
        await WaitForPlaceAsync(model, either.Token);
        var id = Interlocked.Increment(ref _lastId);
        try
        {
            var generation = new Generation(model, request, time.GetElapsedTime(asked).TotalSeconds, time);
            _running[id] = new Running(request.RequestId, generation, time.GetTimestamp());
            try
            {
                await generation.RunAsync(stream, stopping, either.Token);
            }
            finally
            {
                model.Totals.Add(generation.End);
            }

            await stream.WriteAsync(new GenerateResponse { Finished = generation.End }, cancellationToken);
        }
        finally
        {
            _running.TryRemove(id, out _);
            model.Places.Release();
        }
    }

    /// <summary>The one token that a supervisor wants to see first: no answer of the script, and in no count.</summary>
    private static async Task ProveReadyAsync(FakeModel model, IServerStreamWriter<GenerateResponse> stream, CancellationToken cancellationToken)
    {
        await FaultPoint.PassAsync(model.Script.Faults.Ready, cancellationToken);
        var token = new Token { Piece = ByteString.CopyFromUtf8("x"), Origin = Origin.Main };
        await stream.WriteAsync(new GenerateResponse { Step = new DecodeStep { Tokens = { token } } }, cancellationToken);
        await stream.WriteAsync(new GenerateResponse { Finished = new Finished { Reason = FinishReason.MaxTokens, EmittedTokens = 1 } }, cancellationToken);
    }

    private async Task WaitForPlaceAsync(FakeModel model, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await model.Places.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>A histogram of the characters: equal texts have equal vectors, similar texts similar ones.</summary>
    private static Embedding EmbeddingOf(List<int> ids, int length, bool normalize)
    {
        var values = new float[length];
        foreach (var id in ids)
            values[id % length]++;
        var norm = MathF.Sqrt(values.Sum(value => value * value));
        if (normalize && norm > 0)
            values = Array.ConvertAll(values, value => value / norm);
        return new Embedding { Values = { values }, TokenCount = (uint)ids.Count };
    }

    private IEnumerable<Device> Devices() => process.Engine.Devices.Select(device => new Device
    {
        Name = device.Name,
        Description = device.Description,
        Kind = Device.Types.Kind.Cpu,
        MemoryTotal = device.MemoryTotal,
        MemoryFree = device.MemoryFree,
    });

    private sealed record Running(string RequestId, Generation Generation, long Began)
    {
        public Slot Slot(uint id, TimeProvider time) => new()
        {
            Id = id,
            Phase = Generation.Phase,
            RequestId = RequestId,
            Tokens = Generation.End.PromptTokens + Generation.End.EmittedTokens,
            Emitted = Generation.End.EmittedTokens,
            Seconds = time.GetElapsedTime(Began).TotalSeconds,
        };
    }
}
