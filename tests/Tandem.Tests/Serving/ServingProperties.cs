using CsCheck;
using FakeEngine.Scripts;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host;
using Tandem.Host.Models;
using Tandem.Host.Serving;
using Tandem.Host.Workers;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.Tests.Serving;

/// <summary>
/// Random interleavings of everything that can happen to a model, with real processes, against a model of what may come of a request:
/// it ends exactly once; whole, if nobody cancelled it and nothing was done to its model; else as what was done says.
/// A failure prints the seed (set CsCheck_Seed to repeat it) and the shortest list of operations that still fails.
/// </summary>
public sealed class ServingProperties(ITestOutputHelper output)
{
    private const string Whole = "one two three four five six";

    private static readonly Gen<Operation> Operations = Gen.Frequency(
        (8, Gen.Select(Gen.Int[0, 2], Gen.Int[-2, 1], Gen.Int[-60, 60], (model, draft, cancel) =>
            (Operation)new Ask(model, draft < 0 ? null : draft, cancel <= 0 ? null : cancel))),
        (2, Gen.Int[0, 2].Select(model => (Operation)new Crash(model))),
        (1, Gen.Int[0, 2].Select(model => (Operation)new Freeze(model))),
        (1, Gen.Int[0, 2].Select(model => (Operation)new Load(model))),
        (1, Gen.Int[0, 2].Select(model => (Operation)new Unload(model))),
        (1, Gen.Select(Gen.Int[0, 2], Gen.Int[-1, 1], (model, draft) => (Operation)new ChangeDraft(model, draft < 0 ? null : draft))),
        (4, Gen.Int[1, 80].Select(milliseconds => (Operation)new Pause(milliseconds))));

    [Fact]
    public async Task Whatever_happens_in_whatever_order_every_request_ends_once_and_as_it_should()
    {
        var requests = 0;
        await Operations.List[1, 25].SampleAsync(
            async operations =>
            {
                await using var run = new Run();
                await run.PlayAsync(operations);
                Interlocked.Add(ref requests, run.Requests);
            },
            iter: Trials.Count(8), threads: 2, print: operations => string.Join("; ", operations));
        output.WriteLine($"{requests} requests");
    }

    private abstract record Operation;

    /// <param name="CancelAfter">Milliseconds.</param>
    private sealed record Ask(int Model, int? Draft, int? CancelAfter) : Operation;

    private sealed record Crash(int Model) : Operation;

    private sealed record Freeze(int Model) : Operation;

    private sealed record Load(int Model) : Operation;

    private sealed record Unload(int Model) : Operation;

    private sealed record ChangeDraft(int Model, int? Draft) : Operation;

    private sealed record Pause(int Milliseconds) : Operation;

    /// <summary>What was done to a model so far; a request compares the counts at its beginning and at its end.</summary>
    private sealed class Done
    {
        public volatile int Crashes;
        public volatile int Unloads;
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly FakeHome _home = new(configure: services => services
            .AddSingleton(new WorkerTimes
            {
                HealthAnswer = TimeSpan.FromSeconds(1),
                LookBusy = TimeSpan.FromMilliseconds(100),
                LookIdle = TimeSpan.FromMilliseconds(100),
                Drain = TimeSpan.FromMilliseconds(100),
                Shutdown = TimeSpan.FromSeconds(1),
            })
            .AddSingleton(new ServingOptions { IdleTtl = TimeSpan.FromMilliseconds(150), SpeculationWait = TimeSpan.FromMilliseconds(50) }));
        private readonly ModelEntry[] _models;
        private readonly ModelEntry[] _drafts;
        private readonly Done[] _done = [new(), new(), new()];
        private readonly List<Task> _pending = [];

        public Run()
        {
            var script = new FakeScript
            {
                Answers = [new() { Steps = [.. Whole.Split(' ').Select((word, at) => new List<FakeToken> { (at == 0 ? "" : " ") + word })], StepMs = 5 }],
                Load = new FakeLoad { Steps = 2, StepMs = 10 },
            };
            _models = [_home.Model("a", script), _home.Model("b", script), _home.Model("c", script)];
            _drafts = [_home.Model("d"), _home.Model("e")];
        }

        public int Requests { get; private set; }

        public async Task PlayAsync(IReadOnlyList<Operation> operations)
        {
            foreach (var operation in operations)
                await ApplyAsync(operation);
            await Task.WhenAll(_pending).WaitAsync(TimeSpan.FromSeconds(60));
            await Until.TrueAsync(() => _home.Server.Instances.All(instance => instance is { Leases: 0, Waiting: 0 }));
        }

        public async ValueTask DisposeAsync()
        {
            var pids = _home.Server.Workers.Select(worker => worker.Pid).OfType<int>().ToList();
            await _home.DisposeAsync();
            if (pids.FirstOrDefault(pid => ProcessList.InGroup(pid).Count > 0) is var left and not 0)
                throw new InvalidOperationException($"process {left} is left");
        }

        private async Task ApplyAsync(Operation operation)
        {
            switch (operation)
            {
                case Ask ask:
                    Requests++;
                    _pending.Add(AskAsync(ask));
                    break;
                case Crash crash:
                    Signal(crash.Model, 11);
                    break;
                case Freeze freeze:
                    Signal(freeze.Model, 19);
                    break;
                case Load load:
                    _pending.Add(_home.Server.LoadAsync(new LoadRequest(_models[load.Model], null), CancellationToken.None));
                    break;
                case Unload unload:
                    Interlocked.Increment(ref _done[unload.Model].Unloads);
                    _pending.Add(_home.Server.UnloadAsync(_models[unload.Model].Key, CancellationToken.None));
                    break;
                case ChangeDraft change:
                    _pending.Add(_home.Server.ChangeDraftAsync(_models[change.Model], change.Draft is { } draft ? _drafts[draft] : null, CancellationToken.None));
                    break;
                case Pause pause:
                    await Task.Delay(pause.Milliseconds);
                    break;
            }
        }

        private void Signal(int model, int number)
        {
            foreach (var worker in _home.Server.Workers.Where(worker => worker.ModelKey == _models[model].Key && worker is { Pid: not null, IsFinal: false }))
            {
                Interlocked.Increment(ref _done[model].Crashes);
                _ = Signals.Send(worker.Pid!.Value, number);
            }
        }

        private async Task AskAsync(Ask ask)
        {
            var done = _done[ask.Model];
            var unloads = done.Unloads;
            using var cancel = new CancellationTokenSource();
            if (ask.CancelAfter is { } after)
                cancel.CancelAfter(after);
            var end = await AnswerAsync(ask, cancel.Token);
            var allowed = end switch
            {
                Whole => true,
                "cancelled" => ask.CancelAfter is not null,
                FailureCodes.WorkerCrashed => done.Crashes > 0,
                FailureCodes.ModelUnloaded => done.Unloads > unloads,
                _ => false,
            };
            if (!allowed)
                throw new InvalidOperationException($"{ask} ended with \"{end}\"; crashes {done.Crashes}, unloads {unloads} then {done.Unloads}");
        }

        /// <summary>The text, or the code of the failure, or "cancelled".</summary>
        private async Task<string> AnswerAsync(Ask ask, CancellationToken cancellationToken)
        {
            try
            {
                var result = await _home.Server.AcquireAsync(
                    new LeaseRequest(_models[ask.Model], ask.Draft is { } draft ? _drafts[draft] : null), cancellationToken);
                if (result is LeaseResult.Refused refused)
                    return refused.Failure.Code;
                using var lease = ((LeaseResult.Granted)result).Lease;
                return await ReadAsync(lease, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return "cancelled";
            }
        }

        private static async Task<string> ReadAsync(Lease lease, CancellationToken cancellationToken)
        {
            var request = new GenerateRequest { RequestId = "test", Prompt = new Prompt { Segments = { new Segment { Text = new TextSegment { Text = "hello" } } } } };
            using var call = lease.Client.Generate(request, lease.CallOptions(cancellationToken));
            var (bytes, unloaded) = (new List<byte>(), false);
            try
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                {
                    bytes.AddRange(call.ResponseStream.Current.Step?.Tokens.SelectMany(token => token.Piece) ?? []);
                    unloaded |= call.ResponseStream.Current.Finished?.Reason == FinishReason.ModelUnloaded;
                }
            }
            catch (RpcException exception)
            {
                return cancellationToken.IsCancellationRequested ? "cancelled" : (await lease.ExplainAsync(exception)).Code;
            }

            return unloaded ? FailureCodes.ModelUnloaded : System.Text.Encoding.UTF8.GetString([.. bytes]);
        }
    }
}
